"""Tells people what a run does: on its row of `pulumi up`, as Events, in files and in a ConfigMap.

Everything is done by a thread of the run's own and nothing ever raises, because a run must go on,
and above all restore traffic, whatever happens to those who listen. All texts are redacted here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from canary.adapters.background import Background
from canary.adapters.outlets.alerts import Alerts
from canary.adapters.outlets.enginelog import EngineLog
from canary.adapters.outlets.eventhooks import EventHooks
from canary.adapters.outlets.reports import ReportFiles
from canary.core.record import Record
from canary.core.report import Report
from canary.errors import PortError
from canary.ports import Clock
from canary.redaction import one_line

LINE = 2000
BEHIND = 20  # so much waits that progress lines, which are out of date soon, are dropped
FINISH_S = 10.0
HOOKS_S = 2.0


class Events(Protocol):
    """Where decisions go besides the row; `canary.adapters.outlets.events.ClusterEvents`."""

    def tell(self, reason: str, note: str, *, warning: bool = False) -> object:
        """Write one Event; `reason` in CamelCase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who else is told: Events, event hooks, alerts, files and `RolloutHistory.keep`."""

    events: Events | None = None
    hooks: EventHooks | None = None
    files: ReportFiles = field(default_factory=ReportFiles)
    history: Callable[[Report], object] | None = None
    alerts: Alerts | None = None


class EngineJournal:
    """Implements `canary.ports.Journal` for one run, which begins now."""

    def __init__(self, log: EngineLog, clock: Clock, audience: Audience | None = None) -> None:
        self._log = log
        self._clock = clock
        self._audience = audience or Audience()
        self._began_s = clock.now_s()
        self._background = Background("journal")
        self._shown = ""

    def progress(self, line: str) -> None:
        """Replace the ephemeral line on the resource's row."""
        text = one_line(line, LINE)
        if text == self._shown or self._background.backlog > BEHIND:
            return
        self._shown = text
        self._background.submit(lambda: self._log.say(text, ephemeral=True))

    def decided(self, record: Record, reason: str, *, warning: bool = False) -> None:
        """Say for good: "+12 s Progressing: why"; and write an Event."""
        text = one_line(reason, LINE)
        phase = record.phase.value
        line = f"+{self._clock.now_s() - self._began_s:.0f} s {phase}: {text}"
        self._shown = ""
        self._background.submit(lambda: self._log.say(line, warning=warning))
        if events := self._audience.events:
            self._courtesy("an Event", lambda: events.tell(phase, text, warning=warning))
        if hooks := self._audience.hooks:
            hooks.tell(phase, text, warning=warning)
        if alerts := self._audience.alerts:
            alerts.decided(record, text)

    def finished(self, report: Report) -> None:
        """Keep the report wherever it is wanted; wait up to 10 s until all has been said."""
        files, history = self._audience.files, self._audience.history
        self._courtesy("the report's files", lambda: files.keep(report))
        if history is not None:
            self._courtesy("the history", lambda: history(report))
        if alerts := self._audience.alerts:
            alerts.finished(report, one_line(report.reason, LINE))
        self._background.finish(FINISH_S)

    def close(self) -> None:
        """Wait up to 17 s until all has been said, also without a report; nothing is afterwards."""
        if (hooks := self._audience.hooks) and (failure := hooks.finish(HOOKS_S)):
            self._background.submit(lambda: self._warn(failure))
        if alerts := self._audience.alerts:
            alerts.finish()
        self._background.finish(FINISH_S)
        self._log.close()

    def _courtesy(self, what: str, work: Callable[[], object]) -> None:
        """What cannot be written is one warning."""

        def safely() -> None:
            try:
                work()
            except (OSError, PortError) as error:
                self._warn(f"{what} could not be written: {error}")
            except Exception as error:  # noqa: BLE001  a bug in a courtesy must not end the thread
                self._warn(f"{what} could not be written: {type(error).__name__}")

        self._background.submit(safely)

    def _warn(self, text: str) -> None:
        self._log.say(one_line(text, LINE), warning=True)
