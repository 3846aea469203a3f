"""Custom metrics: a query that yields one number, the bounds on it, and what it was answered.

Absent on purpose: what a reading means for a bake (`canary.core.readings`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCheck:
    """One instant query and the least and the most that its value may be; None: no such bound.

    `every_s` is how often it is asked, in seconds; None: once for each interval of the analysis.
    `report_only`: the value is told and nothing follows from it.
    """

    name: str
    query: str
    least: float | None = None
    most: float | None = None
    every_s: float | None = None
    report_only: bool = False

    def accepts(self, value: float) -> bool:
        """Whether the value is within the bounds, which are inclusive."""
        above = self.least is None or value >= self.least
        return above and (self.most is None or value <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a query came to: a value, never NaN, or else in `trouble` why there is none.

    `miswritten`: the query is what is wrong, so asking again cannot help. `asked_s` is when it was
    asked, in the clock's monotonic seconds.
    """

    value: float | None = None
    trouble: str = ""
    miswritten: bool = False
    asked_s: float = 0.0
