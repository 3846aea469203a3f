"""Prometheus over simulated replicas of Traefik: raw counters such as the real ones give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import inf
from random import Random

from canary.core.seen import Kind, Series, Side
from canary.errors import MetricsError
from canary.ports import Clock
from tests.fakes.replica import FALLBACK, Key, Replica, Scrape, Weights
from tests.fakes.traffic import Behaviour, Traffic


class FakeMetrics:
    """Implements `canary.ports.Metrics`; seeded, exact, and quick enough for thousands of runs.

    `weights(at_s)` says what Traefik routes at that moment of the clock, by version, the primary
    first; it is asked about the past too, so it must remember. `behaviours` must know every version
    that gets weight.
    """

    def __init__(
        self,
        clock: Clock,
        weights: Weights,
        behaviours: Mapping[str, Behaviour],
        *,
        traffic: Traffic | None = None,
        seed: int = 0,
    ) -> None:
        self.traffic = traffic or Traffic()
        self._clock = clock
        self._epoch_s = clock.wall_s() - clock.now_s()
        self.replicas = [
            Replica(
                target=target,
                traffic=self.traffic,
                weights=weights,
                behaviours=behaviours,
                random=Random(f"{seed} {target}"),
                began_s=clock.now_s(),
            )
            for target in self.traffic.targets
        ]

    def now_s(self) -> float:
        self._answer_or_raise()
        return self._clock.wall_s()

    def samples(self, versions: Mapping[str, str], window_s: float) -> Sequence[Series]:
        self._answer_or_raise()
        primary, canary = versions.get("primary", ""), versions.get("canary", "")
        sides = {
            canary: Side.CANARY,
            versions.get("baseline") or primary: Side.PRIMARY,
            FALLBACK + primary: Side.FALLBACK,
        }
        sides.pop("", None)
        since_s = max(self._clock.now_s() - window_s, self._stored_from_s())
        found: list[Series] = []
        for replica in self.replicas:
            replica.advance(self._clock.now_s())
            scrapes = [scrape for scrape in replica.scrapes if scrape.at_s >= since_s]
            if scrapes:
                found.append(self._reloads(replica.target, scrapes))
                found.extend(self._counters(replica.target, scrapes, sides))
        return found

    def _stored_from_s(self) -> float:
        """The clock's seconds of which there may be a first sample."""
        ended = [end_s for _, end_s in self.traffic.outages if end_s <= self._clock.now_s()]
        return max(ended, default=-inf) if self.traffic.forgetful else -inf

    def _answer_or_raise(self) -> None:
        now_s = self._clock.now_s()
        if any(begin_s <= now_s < end_s for begin_s, end_s in self.traffic.outages):
            raise MetricsError("Prometheus refused the connection", retryable=True)

    def _reloads(self, target: str, scrapes: Sequence[Scrape]) -> Series:
        points = tuple((self._epoch_s + s.at_s, float(s.reloads)) for s in scrapes)
        return Series(kind=Kind.RELOADS, side=Side.PRIMARY, target=target, points=points)

    def _counters(
        self, target: str, scrapes: Sequence[Scrape], sides: Mapping[str, Side]
    ) -> Iterator[Series]:
        keys = dict.fromkeys(key for scrape in scrapes for key in scrape.counts if key[0] in sides)
        for key in keys:
            yield from self._family(target, scrapes, key, sides[key[0]])

    def _family(
        self, target: str, scrapes: Sequence[Scrape], key: Key, side: Side
    ) -> Iterator[Series]:
        """The requests and every bucket of one version, code and method."""
        _, code, method = key
        rows = [
            (self._epoch_s + scrape.at_s, tuple(accumulate(scrape.counts[key])))
            for scrape in scrapes
            if key in scrape.counts
        ]
        yield Series(
            kind=Kind.REQUESTS,
            side=side,
            target=target,
            code=code,
            method=method,
            points=tuple((at_s, float(row[-1])) for at_s, row in rows),
        )
        for index, edge_s in enumerate(self.traffic.edges_s):
            yield Series(
                kind=Kind.BUCKET,
                side=side,
                target=target,
                code=code,
                method=method,
                le_s=edge_s,
                points=tuple((at_s, float(row[index])) for at_s, row in rows),
            )
