"""A notice: one message to people who are not watching, and how urgent it is.

The guard tells what it did in the same form, so this imports the standard library alone. Absent on
purpose: where a notice goes and what it looks like there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
