"""When Prometheus has something new to tell: every second of not asking costs failed requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from canary.core.counts import Poll

SCRAPE_TAKES_S = 0.3  # from a sample's timestamp to the moment that a query finds it
SPARE_SCRAPES = 2  # that are read once more: what is new is told by what was there before


@dataclass(slots=True, kw_only=True)
class Scrapes:
    """The rhythm in which targets are scraped, each at its own moment, `every_s` seconds apart.

    `offset_s` is Prometheus's clock minus ours. `next_s` is when, by our clock, the next scrape of
    any target can be read.
    """

    every_s: float = inf
    offset_s: float = 0.0
    next_s: float = inf
    heard_s: dict[str, float] = field(default_factory=dict)

    def unheard_s(self, now_s: float, most_s: float) -> float:
        """How far back, `most_s` at most, there may be something that no poll has counted.

        A target that was silent for so long has gone, or begins anew when it is back.
        """
        present_s = now_s + self.offset_s
        heard_s = [at_s for at_s in self.heard_s.values() if present_s - at_s < most_s]
        if not heard_s:
            return most_s
        return min(most_s, max(0.0, present_s - min(heard_s)) + SPARE_SCRAPES * self.every_s)

    def note(self, poll: Poll, now_s: float) -> None:
        """Learn from a poll; a target that has missed its turn is not waited for."""
        for one in poll.increments:
            self.heard_s[one.target] = max(one.end_s, self.heard_s.get(one.target, -inf))
        delay_s = self.every_s + SCRAPE_TAKES_S - self.offset_s
        due = (heard_s + delay_s for heard_s in self.heard_s.values())
        self.next_s = min((at_s for at_s in due if at_s > now_s), default=inf)
