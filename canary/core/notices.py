"""Notices: what is told to people who are not watching, and how urgent it is.

Absent on purpose: where a notice goes and what it looks like there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from canary.core.record import TERMINAL, Phase, Record
from canary.core.report import Report
from canary.core.texts import HELD


class Severity(StrEnum):
    """How urgent a notice is, the least urgent first."""

    INFO = "info"  # a run goes on as planned, or was promoted
    WARN = "warn"  # a check failed, a repair was needed, something after the run failed
    ERROR = "error"  # a version is rolled back, or was not promoted

    @property
    def rank(self) -> int:
        """0 for the least urgent."""
        return tuple(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message. `outcome` is the report's, "" while the run goes on; images may be ""."""

    severity: Severity
    app: str
    namespace: str
    run: str
    phase: str
    outcome: str = ""
    from_image: str
    to_image: str
    weight_percent: int | None = None
    text: str

    @property
    def title(self) -> str:
        """The app, where it is, and how far the run has come."""
        return f"{self.app} in {self.namespace}: {self.outcome or self.phase}"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of what is known besides the title and the text."""
        weight = "" if self.weight_percent is None else f"{self.weight_percent} %"
        pairs = (
            ("From", self.from_image),
            ("To", self.to_image),
            ("Canary weight", weight),
            ("Run", self.run),
        )
        return tuple((name, value) for name, value in pairs if value)


@dataclass(slots=True, kw_only=True)
class Bulletin:
    """Turns one run's decisions and report into notices, each thing told once.

    The images are those of the run's beginning: a record at rest no longer names both. A text with
    one of `muted` in it is told only where it is why a version is rolled back.
    """

    app: str
    namespace: str
    muted: tuple[str, ...] = ()
    begun: bool = False
    ended: bool = False
    from_image: str = ""
    to_image: str = ""

    def decided(self, record: Record, text: str) -> Notice | None:
        """The notice of a decision; None when the report, which follows at once, says it better."""
        at_rest = record.phase in TERMINAL
        if not at_rest and not self.begun:
            self.begun = True
            self.from_image = record.images.get(record.primary, record.primary)
            self.to_image = record.images.get(record.canary, record.canary)
        if at_rest and self.begun and not self.ended:
            return None
        severity = _severity(record.phase, text)
        if severity is not Severity.ERROR and any(f"{name}:" in text for name in self.muted):
            return None
        return Notice(
            severity=severity,
            app=self.app,
            namespace=self.namespace,
            run=record.run,
            phase=record.phase.value,
            from_image=self.from_image,
            to_image=self.to_image,
            weight_percent=None if at_rest else record.weight_percent,
            text=text,
        )

    def finished(self, report: Report, text: str) -> Notice:
        """The notice that a run ends with; `text` is the report's reason, fit to be shown."""
        self.ended = True
        promoted = report.outcome == "promoted"
        return Notice(
            severity=Severity.INFO if promoted else Severity.ERROR,
            app=self.app,
            namespace=self.namespace,
            run=report.run,
            phase=(Phase.SUCCEEDED if promoted else Phase.FAILED).value,
            outcome=report.outcome,
            from_image=report.from_image,
            to_image=report.to_image,
            text=text,
        )


def _severity(phase: Phase, text: str) -> Severity:
    if phase is Phase.ROLLING_BACK:
        return Severity.ERROR
    return Severity.WARN if phase in TERMINAL or text.startswith(HELD) else Severity.INFO
