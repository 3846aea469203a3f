"""The simulated Traefik behind the Metrics port: what simulations rely on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from canary.core.seen import Kind, Series, Side
from tests.contracts.test_metrics import BOTH, CANARY, PRIMARY, weights
from tests.fakes.clock import FakeClock
from tests.fakes.metrics import FakeMetrics
from tests.fakes.traffic import Behaviour, Traffic


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class TestFake:
    """What simulations rely on."""

    def run(self, clock: FakeClock, **more: Any) -> Callable[[Side], float]:
        canary = more.pop("canary", Behaviour())
        seed = more.pop("seed", 0)
        behaviours = {PRIMARY: Behaviour(), CANARY: canary}
        world = FakeMetrics(clock, weights, behaviours, traffic=Traffic(**more), seed=seed)
        clock.wait(80)

        def total(side: Side) -> float:
            return sum(
                one.points[-1][1]
                for one in world.samples(BOTH, 30)
                if one.kind is Kind.REQUESTS and one.side is side
            )

        return total

    def test_a_hanging_canary_answers_nothing(self, clock: FakeClock) -> None:
        total = self.run(clock, canary=Behaviour(hangs=1.0))
        assert total(Side.CANARY) == 0
        assert total(Side.PRIMARY) > 0

    def test_a_slow_answer_is_counted_when_it_ends(self, clock: FakeClock) -> None:
        slow = Behaviour(latency=((70.0, 1.0),))
        total = self.run(clock, canary=slow)
        assert total(Side.CANARY) == 0
        clock.wait(30)
        assert total(Side.CANARY) > 0

    def test_faults_begin_when_they_are_said_to(self, clock: FakeClock) -> None:
        late = Behaviour(hangs=1.0, since_s=40.0)
        assert self.run(clock, canary=late)(Side.CANARY) == pytest.approx(40, abs=2)

    def test_frequent_reloads_starve_a_small_weight(self, clock: FakeClock) -> None:
        assert self.run(clock, rate_per_s=4.0, reload_every_s=2.0)(Side.CANARY) == 0

    def test_the_same_seed_gives_the_same_world(self) -> None:
        def observed(seed: int) -> list[Series]:
            clock = FakeClock()
            behaviours = {PRIMARY: Behaviour(), CANARY: Behaviour(errors=0.3)}
            world = FakeMetrics(clock, weights, behaviours, seed=seed)
            clock.wait(60)
            return list(world.samples(BOTH, 30))

        assert observed(1) == observed(1)
        assert observed(1) != observed(2)

    def test_a_restart_begins_every_counter_anew(self, clock: FakeClock) -> None:
        assert self.run(clock, restarts=(70.0,))(Side.PRIMARY) < 20 * 10

    def test_a_prometheus_that_forgets_has_nothing_from_before(self, clock: FakeClock) -> None:
        behaviours = {PRIMARY: Behaviour(), CANARY: Behaviour()}
        traffic = Traffic(outages=((60.0, 65.0),), forgetful=True)
        world = FakeMetrics(clock, weights, behaviours, traffic=traffic)
        clock.wait(80)
        epoch_s = clock.wall_s() - clock.now_s()
        stamps = [at_s - epoch_s for one in world.samples(BOTH, 60) for at_s, _ in one.points]
        assert stamps
        assert min(stamps) >= 65

    def test_a_version_without_weight_loses_its_series(self, clock: FakeClock) -> None:
        behaviours = {PRIMARY: Behaviour(), CANARY: Behaviour()}
        world = FakeMetrics(
            clock, lambda at: weights(0 if 40 <= at < 60 else 20), behaviours, traffic=Traffic()
        )
        clock.wait(39)
        before = self.canary(world)
        clock.wait(20)
        assert self.canary(world) == []
        clock.wait(20)
        after = self.canary(world)
        assert 0 < after[-1] < before[-1]

    def canary(self, world: FakeMetrics) -> list[float]:
        return [
            value
            for one in world.samples(BOTH, 9)
            if one.side is Side.CANARY and one.kind is Kind.REQUESTS
            for _, value in one.points
        ]
