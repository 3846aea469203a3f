"""Notices: which of a run's decisions are told to people who are not watching, and how urgently."""

from __future__ import annotations

from dataclasses import dataclass

from canary.core.notice import Notice, Severity
from canary.core.record import TERMINAL, Phase, Record
from canary.core.report import Report
from canary.core.texts import HELD


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
