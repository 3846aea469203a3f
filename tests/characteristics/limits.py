"""Worlds in which requests are not dealt out by chance: what that costs, arrival by arrival."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from tests.characteristics.runs import DEFAULTS, Ending, cause, exposed_s
from tests.engine.world import OLD, World
from tests.fakes.replica import Replica
from tests.fakes.traffic import Behaviour, Outcome, Traffic

PAST_S = 30.0
FAILED = Outcome(code="404", seconds=0.003, bucket=0)


@dataclass(slots=True, kw_only=True)
class Cycle(Replica):
    """Clients whose every `period`-th request is one that any version answers with 404."""

    period: int = 20
    shuffled: bool = False
    _served: int = 0

    def _answer(self, version: str, at_s: float) -> Outcome:
        self._served += 1
        if self.shuffled:
            hit = self.random.random() * self.period < 1.0
        else:
            hit = self._served % self.period == 0
        return FAILED if hit else Replica._answer(self, version, at_s)


@dataclass(slots=True, kw_only=True)
class Late(Replica):
    """Answers that take `seconds`, while failures (of both versions alike) come at once."""

    seconds: float = 1.0

    def _answer(self, version: str, at_s: float) -> Outcome:
        outcome = Replica._answer(self, version, at_s)
        if outcome.code != "200":
            return replace(outcome, seconds=0.003, bucket=0)
        bucket = bisect_left(self.traffic.edges_s, self.seconds)
        return replace(outcome, seconds=self.seconds, bucket=bucket)


def cyclic(seed: int, *, period: int, shuffled: bool) -> Ending:
    """One release of a good version under a load that cycles."""

    def replica(world: World) -> Replica:
        first = world.metrics.replicas[0]
        return Cycle(
            target=first.target,
            traffic=Traffic(),
            weights=world.weights_at,
            behaviours=dict.fromkeys(first.behaviours, Behaviour()),
            random=Random(f"cyclic {seed}"),
            began_s=world.clock.now_s() - PAST_S,
            period=period,
            shuffled=shuffled,
        )

    return _released(replica, seed)


def late(seed: int, *, seconds: float, rate_per_s: float) -> Ending:
    """One release of a good version whose failures are quicker than its answers."""

    def replica(world: World) -> Replica:
        first = world.metrics.replicas[0]
        failing = Behaviour(errors=0.005, not_found=0.02)
        return Late(
            target=first.target,
            traffic=Traffic(rate_per_s=rate_per_s),
            weights=world.weights_at,
            behaviours=dict.fromkeys(first.behaviours, failing),
            random=Random(f"late {seed}"),
            began_s=world.clock.now_s() - PAST_S,
            seconds=seconds,
        )

    return _released(replica, seed)


def _released(replica: Callable[[World], Replica], seed: int) -> Ending:
    world = World(seed=seed)
    world.history.insert(0, (0.0, {OLD: 100}))  # users were there before the release
    world.metrics.replicas = [replica(world)]
    checks = DEFAULTS.checks[:1]  # slow answers are what these clients want
    text = world.outcome(replace(DEFAULTS, checks=checks))
    return Ending(by=cause(text), seconds=exposed_s(world))
