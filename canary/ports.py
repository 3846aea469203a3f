"""What the engine needs from the outside world.

A port is named for what the engine wants, never for what implements it, and has at most four
methods. Implementations live below `canary.adapters`, fakes in `tests.fakes`.
Every method raises the PortError of its kind and nothing else; `retryable` errors may heal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from canary.core.custom import Reading
from canary.core.holding import Sign
from canary.core.record import Record
from canary.core.report import Report
from canary.core.seen import HookResult, HookType, Live, Occasion, Pods, Route, Series


class Router(Protocol):
    """Where the app's traffic goes."""

    def route(self) -> Route | None:
        """The record and the weights as the cluster has them; None if there is no route yet."""

    def write(self, record: Record) -> None:
        """Make the cluster say what `record` says, compare-and-swap against the last `route()`.

        Creates what is missing. Lowering and restoring write the unshielded list first, raising
        writes it last. Raises ConflictError (not retryable) if somebody else wrote in between.
        """

    def live(self, record: Record) -> Live:
        """What Traefik's replicas route now, compared with `record`."""

    def remove(self) -> None:
        """Delete every object that `write` made, if it is ours; absent objects are fine."""


class Apex(Protocol):
    """The Service that callers inside the cluster use."""

    def version(self) -> str:
        """The version its selector names, "" if none."""

    def point_to(self, version: str) -> None:
        """Flip the selector; "" removes it."""


class Fleet(Protocol):
    """The pods behind the versions."""

    def pods(self) -> Mapping[str, Pods]:
        """By version, of every version that has a Deployment; the baseline counts as one."""

    def scale(self, version: str, replicas: int) -> None:
        """Run this many pods (with an autoscaler: at least); 0 stops the version."""

    def copy(self, version: str, replicas: int, run: str) -> None:
        """Make the baseline, of this version and for this run, in place of any other run's."""

    def discard(self, run: str = "") -> None:
        """Delete the baseline if this run made it ("": any run); an absent one is fine."""


class Autoscalers(Protocol):
    """What makes versions bigger and smaller by their load; a version may have none."""

    def hold(self, version: str) -> bool:
        """Let it not have fewer pods than now: its load may come back. Whether it was held back."""

    def release(self, version: str) -> None:
        """Let it have as few again as before `hold`; fine if it was not held."""


class Metrics(Protocol):
    """Traefik's counters, as Prometheus scraped them."""

    def now_s(self) -> float:
        """Prometheus's clock, unix seconds."""

    def samples(self, versions: Mapping[str, str], window_s: float) -> Sequence[Series]:
        """Raw samples of the last `window_s` seconds; `versions` has keys "primary", "canary".

        With a key "baseline" too, that takes the primary's place: only its replays still count.
        """


class Readings(Protocol):
    """Custom metrics, asked outside the loop."""

    def ask(self, name: str, query: str) -> None:
        """Start one instant query; never blocks. Ignored while one of this name is pending."""

    def answer(self, name: str) -> Reading | None:
        """What the last one of this name came to; None while it is pending. Never raises."""


class Hooks(Protocol):
    """Webhooks, called outside the loop."""

    def call(self, occasion: Occasion) -> None:
        """Start every hook of the occasion's type; never blocks. Ignored while one is pending."""

    def result(self, kind: HookType) -> HookResult:
        """What the last call of this type came to."""


class Driver(Protocol):
    """Whoever runs this update: alive, interrupted or gone."""

    def interruption(self) -> str:
        """Why to stop, "" to go on."""


class Heartbeat(Protocol):
    """The sign of life by which others know that this driver still carries out its run."""

    def begin(self) -> str:
        """Give it from now on; the Lease that it is given by, as "namespace/name"."""

    def beat(self) -> None:
        """The run's loop looks, just now; without this the sign stops. Never raises."""

    def lapse(self) -> str:
        """Why others may have taken the run for dead, "" while they cannot; stays until `resume`.

        While it is not "", writes through the other ports raise LapsedError. Never raises.
        """

    def resume(self) -> None:
        """After a lapse, give it again. Whoever does so has to see next that nobody took over."""


class Holders(Protocol):
    """The signs of life of other drivers."""

    def sign(self, lease: str, run: str) -> Sign:
        """What the Lease, "namespace/name", says about a run, freshly read."""


class Clock(Protocol):
    """Tells the time and passes it."""

    def now_s(self) -> float:
        """Monotonic seconds."""

    def wall_s(self) -> float:
        """Unix seconds."""

    def wait(self, seconds: float) -> None:
        """Return after `seconds`; 0 or less is at once."""

    def turn_s(self) -> float:
        """Seconds until this run may raise a weight, 0 now: runs of one process write together."""


class Journal(Protocol):
    """Tells people what happens, while it happens and afterwards; never raises."""

    def progress(self, line: str) -> None:
        """Replace the ephemeral line on the resource's row."""

    def decided(self, record: Record, reason: str, *, warning: bool = False) -> None:
        """One permanent line and a Kubernetes Event for one decision."""

    def finished(self, report: Report) -> None:
        """Keep the report: files when asked for, and the ConfigMap of the last ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """One implementation of each port, handed to the engine."""

    router: Router
    apex: Apex
    fleet: Fleet
    autoscalers: Autoscalers
    metrics: Metrics
    readings: Readings
    hooks: Hooks
    driver: Driver
    heartbeat: Heartbeat
    holders: Holders
    clock: Clock
    journal: Journal
