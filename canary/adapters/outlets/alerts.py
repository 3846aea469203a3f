"""Alerts: tells people elsewhere what a run does, in a thread for each alert, outside the loop.

An endpoint that is slow, wrong or gone costs a run nothing but one line, and at its end a bounded
wait. An address is a secret: it is asked for when something is to be sent, and appears in no text.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from canary.adapters import http
from canary.adapters.background import Background
from canary.adapters.outlets.alertforms import Look, body_of
from canary.core.notice import Notice, Severity
from canary.core.notices import Bulletin
from canary.core.record import Record
from canary.core.report import Report
from canary.errors import PortError
from canary.ports import Clock

TIMEOUT_S = 5.0  # for each of connecting, sending and waiting
PAUSES_S = (1.0, 2.0)  # before the second attempt and the third
FINISH_S = 5.0  # how long the end of a run waits for what is not sent yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One alert as configured; `address` may raise PortError and is called in the thread."""

    alert: str
    provider: str
    least: Severity
    look: Look
    address: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How long each part of sending may take, in seconds, and how to pause."""

    timeout_s: float = TIMEOUT_S
    finish_s: float = FINISH_S
    pause: Callable[[float], object] = field(default_factory=lambda: threading.Event().wait)


class Outlet:
    """Sends one alert's notices in order. While it fails, only the newest is tried, once."""

    def __init__(self, target: Target, say: Callable[[str], object], manner: Manner) -> None:
        self._target = target
        self._say = say
        self._manner = manner
        self._background = Background(f"alert {target.alert}")
        self._newest: Notice | None = None
        self._failing = False
        self._complained = False

    def tell(self, notice: Notice) -> None:
        """Send it soon, if it is urgent enough."""
        if notice.severity.rank < self._target.least.rank:
            return
        self._newest = notice
        if not self._background.submit(lambda: self._deliver(notice)):
            self._complain("too many wait already")

    def finish(self, within_s: float) -> None:
        """Wait until all is sent, at most so long."""
        if not self._background.finish(within_s):
            self._complain(f"not all were sent within {self._manner.finish_s:g} s of the end")

    def _deliver(self, notice: Notice) -> None:
        if self._failing and notice is not self._newest:
            return
        failure, again = self._attempt(notice)
        for pause_s in () if self._failing else PAUSES_S:
            if not failure or not again:
                break
            self._manner.pause(pause_s)
            failure, again = self._attempt(notice)
        self._failing = bool(failure)
        if failure:
            self._complain(failure)

    def _attempt(self, notice: Notice) -> tuple[str, bool]:
        """Why it failed, "" if it did not, and whether another attempt may help."""
        try:
            return self._post(notice)
        except http.TransportError as error:
            return _without_host(http.complaint(error, self._manner.timeout_s)), True
        except PortError as error:
            return f"its address cannot be read: {error}", error.retryable
        except Exception as error:  # noqa: BLE001  a bug in here must not end the thread
            return f"could not be sent: {type(error).__name__}", False

    def _post(self, notice: Notice) -> tuple[str, bool]:
        body = body_of(notice, self._target.look, self._target.alert)
        address = self._target.address()
        with http.client(timeout_s=self._manner.timeout_s) as client:
            response = client.post(
                address,
                content=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
        status = response.status_code
        if response.is_success:
            return "", False
        return f"answered {status}", status == 429 or status >= 500  # a body may quote the address

    def _complain(self, why: str) -> None:
        """One line a run, however much is not sent."""
        if not self._complained:
            self._complained = True
            self._say(
                f"alert {self._target.alert} does not reach provider {self._target.provider}: "
                f"{why}; the run does not depend on it"
            )


class Alerts:
    """One run's notices to every target; never raises and never blocks before `finish`.

    `say` gets one line for each target that cannot be reached.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        bulletin: Bulletin,
        say: Callable[[str], object],
        clock: Clock,
        manner: Manner | None = None,
    ) -> None:
        self._manner = manner or Manner()
        self._outlets = tuple(Outlet(target, say, self._manner) for target in targets)
        self._bulletin = bulletin
        self._clock = clock

    def decided(self, record: Record, text: str) -> None:
        """Tell of a decision; `text` is fit to be shown."""
        if notice := self._bulletin.decided(record, text):
            self._tell(notice)

    def finished(self, report: Report, text: str) -> None:
        """Tell how the run ended; `text` is its reason, fit to be shown."""
        self._tell(self._bulletin.finished(report, text))

    def finish(self) -> None:
        """Wait for all that is still to be sent, to every target at the same time."""
        until_s = self._clock.now_s() + self._manner.finish_s
        for outlet in self._outlets:
            outlet.finish(max(0.0, until_s - self._clock.now_s()))

    def _tell(self, notice: Notice) -> None:
        for outlet in self._outlets:
            outlet.tell(notice)


def _without_host(complaint: str) -> str:
    """What is wrong with a certificate is told with the host's name, a part of the address."""
    return complaint.partition(" (")[0]
