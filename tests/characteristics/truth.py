"""What is true about a version in one case, moment by moment; the engine only sees counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The shares (0..1) of requests answered with 5xx, with 4xx, and slower than the bound."""

    server: float = 0.005
    client: float = 0.02
    slow: float = 0.005

    def times(self, factor: float) -> Truth:
        """All shares alike, never beyond certainty."""
        server = min(1.0, self.server * factor)
        client = min(1.0 - server, self.client * factor)
        return Truth(server=server, client=client, slow=min(1.0, self.slow * factor))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A primary, a canary, and what becomes of both with time.

    `swing` is by how much (0..1) all shares fall and rise back in `period_s` seconds. `burst` is
    the coefficient of variation of a factor drawn for every scrape interval: what both versions
    share; `own_burst` the same, drawn for each version.
    """

    name: str
    rate_per_s: float = 20.0
    primary: Truth = Truth()
    canary: Truth = Truth()
    swing: float = 0.0
    period_s: float = 90.0
    burst: float = 0.0
    own_burst: float = 0.0

    def now(self, at_s: float, random: Random) -> tuple[Truth, Truth]:
        """The primary and the canary during one scrape interval."""
        wave = 1.0 - self.swing * (0.5 + 0.5 * math.sin(2 * math.pi * at_s / self.period_s))
        shared = wave * _factor(self.burst, random)
        return (
            self.primary.times(shared * _factor(self.own_burst, random)),
            self.canary.times(shared * _factor(self.own_burst, random)),
        )


def _factor(variation: float, random: Random) -> float:
    """A factor around 1; exactly 1 without variation."""
    if not variation:
        return 1.0
    shape = 1.0 / variation**2
    return random.gammavariate(shape, 1.0 / shape)


def hits(n: int, share: float, random: Random) -> int:
    """How many of `n` tries hit, exactly: from hit to hit, so quick for small shares."""
    if share <= 0.0 or not n:
        return 0
    if share >= 1.0:
        return n
    if share > 0.5:
        return n - hits(n, 1.0 - share, random)
    found, at, log_miss = 0, 0, math.log1p(-share)
    while True:
        at += int(math.log(1.0 - random.random()) / log_miss) + 1
        if at > n:
            return found
        found += 1
