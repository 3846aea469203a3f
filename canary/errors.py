"""Everything this package raises on purpose.

* CanaryError
  + ConfigError             the stack configuration cannot be carried out; lists every problem
  + PreflightError          the cluster is not what the configuration says
  + RenderError             a pod template cannot be merged
  + Rejected                a release ended without promotion; all traffic is on the primary
    - NotRestored           … and some traffic may still go to the version that was rejected
  + Interrupted             the driver was stopped; all traffic is on the primary
  + ConvertError            what is to be converted cannot be read
  + OrderError              what an operator asked for cannot be done
  + StillServing            a version that has traffic was about to be deleted
  + PortError               the outside world misbehaved; `retryable` says what to do
    - ClusterError          the API server
    - ConflictError         somebody else wrote an object that a run owns
    - HeldError             another driver carries out a run of the same app
    - LapsedError           this driver's lease ran out; it writes nothing more
    - TraefikError          Traefik's API
    - MetricsError          Prometheus
      + QueryError          Prometheus understood the question, and it is wrong
    - HookError             a webhook
    - DriverError           Pulumi's engine or the program's lock file
"""

from __future__ import annotations


class CanaryError(Exception):
    """Base class of every error this package raises; `str()` is one line for people."""


class ConfigError(CanaryError):
    """The stack configuration cannot be carried out."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PreflightError(CanaryError):
    """The cluster, Prometheus or Traefik is not what the configuration says."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RenderError(CanaryError):
    """A configured pod template cannot be merged over the generated one."""


class Rejected(CanaryError):
    """A release ended without promotion; all traffic is on the primary."""


class NotRestored(Rejected):
    """A release ended, and some traffic may still go to its version; the text says why."""


class Interrupted(CanaryError):
    """The driver was told to stop or died; all traffic is on the primary."""


class ConvertError(CanaryError):
    """What is to be converted cannot be read; one line with the file's path."""


class OrderError(CanaryError):
    """What an operator asked of a run cannot be done."""


class StillServing(CanaryError):
    """A version that still has traffic was about to be deleted."""


class PortError(CanaryError):
    """A port could not do its work."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class ClusterError(PortError):
    """The API server refused or did not answer; `status` is its HTTP code, 0 without an answer."""

    def __init__(self, message: str, *, retryable: bool = False, status: int = 0) -> None:
        super().__init__(message, retryable=retryable)
        self.status = status


class ConflictError(PortError):
    """Somebody else wrote an object that a run owns."""


class HeldError(PortError):
    """Another driver carries out a run of the same app, and is alive."""


class LapsedError(PortError):
    """This driver's lease ran out: somebody else may have taken over, so nothing is written."""


class TraefikError(PortError):
    """Traefik's API did not answer or answered nonsense."""


class MetricsError(PortError):
    """Prometheus did not answer or answered nonsense."""


class QueryError(MetricsError):
    """What was asked is no PromQL, or comes to another type than is needed: it never will be."""


class HookError(PortError):
    """A webhook did not answer or said no."""


class DriverError(PortError):
    """Pulumi's engine or the program's lock file could not be reached."""
