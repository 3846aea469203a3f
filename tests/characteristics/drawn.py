"""Prometheus over counters that are drawn scrape by scrape: as exact as arrivals, far quicker."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from random import Random

from canary.core.seen import Kind, Series, Side
from canary.ports import Clock
from tests.characteristics.truth import Case, Truth, hits
from tests.engine.world import NEW

SCRAPE_S = 5.0
EDGE_S = 0.5
History = list[tuple[float, dict[str, int]]]
Counts = dict[tuple[Side, str], tuple[int, int]]  # by code: all, and those within the edge


class Drawn:
    """Implements `canary.ports.Metrics`: one replica of Traefik, one method, the exact split.

    `history` is what was routed since when; it may grow.
    """

    def __init__(self, clock: Clock, history: History, case: Case, seed: int) -> None:
        self.random = Random(f"{case.name} {seed}")
        self.counts: Counts = {}
        self._clock, self._history, self._case = clock, history, case
        self._epoch_s = clock.wall_s() - clock.now_s()
        self._scrapes: deque[tuple[float, int, Counts]] = deque(maxlen=12)
        self._lived_s = clock.now_s() - 8 * SCRAPE_S
        self._next_s = self._lived_s + self.random.random() * SCRAPE_S
        self._carry = self.random.random()
        self._turns: tuple[int, int] = (0, 0)  # requests since this weight began, and the weight

    def now_s(self) -> float:
        return self._clock.wall_s()

    def samples(self, versions: Mapping[str, str], window_s: float) -> Sequence[Series]:
        assert versions["canary"] == NEW
        self.advance(self._clock.now_s())
        since_s = self._clock.now_s() - window_s
        scrapes = [scrape for scrape in self._scrapes if scrape[0] >= since_s]
        return list(self._series(scrapes)) if scrapes else []

    def advance(self, to_s: float) -> None:
        while self._next_s <= to_s:
            self.live(self._next_s)
            reloads = bisect_right(self._history, self._next_s, key=lambda entry: entry[0])
            self._scrapes.append((self._next_s, reloads, dict(self.counts)))
            self._next_s += SCRAPE_S

    def live(self, to_s: float) -> None:
        """Serve everything up to then; what is true changes with every scrape."""
        truths = self._case.now(to_s, self.random)
        changes = [at_s for at_s, _ in self._history if self._lived_s < at_s < to_s]
        for end_s in [*changes, to_s]:
            index = bisect_right(self._history, self._lived_s, key=lambda entry: entry[0])
            weights = self._history[max(0, index - 1)][1]
            self._serve(end_s - self._lived_s, weights.get(NEW, 0), truths)
            self._lived_s = end_s

    def _serve(self, seconds: float, weight_percent: int, truths: tuple[Truth, Truth]) -> None:
        exact = self._case.rate_per_s * seconds + self._carry
        n, self._carry = int(exact), exact % 1.0
        before = self._turns[0] if self._turns[1] == weight_percent else 0
        after = before + n
        self._turns = (after, weight_percent)
        canary = after * weight_percent // 100 - before * weight_percent // 100
        self._answer(Side.PRIMARY, n - canary, truths[0])
        self._answer(Side.CANARY, canary, truths[1])

    def _answer(self, side: Side, n: int, truth: Truth) -> None:
        failed = hits(n, truth.server, self.random)
        refused = hits(n - failed, truth.client / (1.0 - truth.server or 1.0), self.random)
        for code, count in (("200", n - failed - refused), ("500", failed), ("404", refused)):
            if count:
                total, quick = self.counts.get((side, code), (0, 0))
                late = hits(count, truth.slow, self.random)
                self.counts[side, code] = (total + count, quick + count - late)

    def _series(self, scrapes: Sequence[tuple[float, int, Counts]]) -> Iterator[Series]:
        at = self._epoch_s
        reloads = tuple((at + at_s, float(count)) for at_s, count, _ in scrapes)
        yield Series(kind=Kind.RELOADS, side=Side.PRIMARY, target="a", points=reloads)
        for key in scrapes[-1][2]:
            side, code = key
            rows = [(at + at_s, *counts[key]) for at_s, _, counts in scrapes if key in counts]
            total = tuple((at_s, float(count)) for at_s, count, _ in rows)
            quick = tuple((at_s, float(count)) for at_s, _, count in rows)
            for kind, le_s, points in (
                (Kind.REQUESTS, 0.0, total),
                (Kind.BUCKET, EDGE_S, quick),
                (Kind.BUCKET, inf, total),
            ):
                yield Series(
                    kind=kind, side=side, target="a", code=code, method="GET", le_s=le_s,
                    points=points,
                )  # fmt: skip
