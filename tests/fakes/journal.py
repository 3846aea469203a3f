"""A journal that keeps everything, and insists on what people rely on."""

from __future__ import annotations

from dataclasses import dataclass, field

from canary.core.record import Record
from canary.core.report import Report
from canary.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One permanent line."""

    at_s: float
    record: Record
    reason: str
    warning: bool


@dataclass(slots=True, kw_only=True)
class FakeJournal:
    """Implements `canary.ports.Journal`: a run is told in one line each, and reported once."""

    clock: Clock
    lines: list[tuple[float, str]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    def progress(self, line: str) -> None:
        _one_line(line)
        self.lines.append((self.clock.now_s(), line))

    def decided(self, record: Record, reason: str, *, warning: bool = False) -> None:
        _one_line(reason)
        at_s = self.clock.now_s()
        self.entries.append(Entry(at_s=at_s, record=record, reason=reason, warning=warning))

    def finished(self, report: Report) -> None:
        assert report.run not in {earlier.run for earlier in self.reports}, "one report a run"
        assert report.outcome in {"promoted", "rejected", "interrupted"}
        _one_line(report.reason)
        self.reports.append(report)

    @property
    def transcript(self) -> list[str]:
        """The permanent lines, as a story: "12.0 Progressing 5 %: why"."""
        return [
            f"{entry.at_s:.1f} {entry.record.phase} {entry.record.weight_percent} %: {entry.reason}"
            for entry in self.entries
        ]


def _one_line(text: str) -> None:
    assert text, "always say why"
    assert len(text.splitlines()) == 1, f"not one line: {text!r}"
