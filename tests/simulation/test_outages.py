"""The API server is unreachable for half a minute in every state of a run; and the clock jumps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from canary.core.holding import LAPSED
from canary.core.record import Phase
from canary.ports import Clock, Ports
from tests.core.timeline import PLAN
from tests.engine.world import NEW, OLD
from tests.fakes.traffic import Behaviour
from tests.simulation.calm import BAD, CALM, GOOD, entries, serving, watch
from tests.simulation.scenario import Scenario
from tests.simulation.world import SimulatedWorld

OUTAGE_S = 30.0
RESTORED_WITHIN_S = 15.0
PATIENT = replace(PLAN, weights=(50,), poll_s=1.0, scrape_s=1.0, drain_s=5.0)
SLOW = replace(CALM, plan=PATIENT, start_s=5.0, lags_s=(1.0,))  # it stays in each phase for a while
BACK = f"Interrupted: podinfo:b: {LAPSED}; all traffic is back on podinfo:a after "
KEPT = f"Interrupted: podinfo:b: {LAPSED}; podinfo:a kept all traffic"
UNCONFIRMED = (
    "; the restore is written, but not confirmed by Traefik: the API server did not answer"
)


def restored_at(world: SimulatedWorld) -> Callable[[], float]:
    """When everything was routed to the primary for good (the clock's seconds)."""
    since_s: list[float] = []

    def look(now_s: float) -> None:
        if world.traffic.live() != ({OLD: 100}, {OLD: 100}):
            since_s.clear()
        elif not since_s:
            since_s.append(now_s)

    world.clock.on_tick.append(look)
    return lambda: since_s[0]


@pytest.mark.parametrize("guarded", [False, True], ids=["alone", "guarded"])
@pytest.mark.parametrize(
    ("phase", "canary", "said"),
    [
        (Phase.PREPARING, GOOD, KEPT),
        (Phase.PROGRESSING, GOOD, BACK),
        (Phase.PROMOTING, GOOD, BACK),
        (Phase.SOAKING, GOOD, BACK),
        (Phase.ROLLING_BACK, BAD, UNCONFIRMED),
    ],
)
def test_half_a_minute_without_the_api_server_ends_on_the_primary(
    phase: Phase, canary: Behaviour, said: str, *, guarded: bool
) -> None:
    scenario = replace(SLOW, canary=canary, guarded=guarded)
    began_s = entries(scenario)[phase] + 0.5
    world = SimulatedWorld(replace(scenario, api_outages=((began_s, began_s + OUTAGE_S),)))
    back_s = world.clock.now_s() + began_s + OUTAGE_S
    watch(world)
    since_s = restored_at(world)
    text = world.outcome(scenario.plan)
    assert said in text
    assert "\n" not in text
    world.clock.advance_slowly(OUTAGE_S + RESTORED_WITHIN_S)
    assert serving(world) == OLD
    assert since_s() <= back_s + RESTORED_WITHIN_S
    assert world.report.reason in text


def test_half_a_minute_without_the_api_server_while_draining_keeps_the_promotion() -> None:
    began_s = entries(SLOW)[Phase.SUCCEEDED] + 0.1
    world = SimulatedWorld(replace(SLOW, api_outages=((began_s, began_s + OUTAGE_S),)))
    watch(world)
    assert world.outcome(PATIENT) == "Succeeded"
    assert serving(world) == NEW


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.PROGRESSING, Phase.SOAKING])
def test_an_outage_that_ends_before_the_lease_does_costs_nothing(phase: Phase) -> None:
    began_s = entries(SLOW)[phase] + 0.5
    world = SimulatedWorld(replace(SLOW, api_outages=((began_s, began_s + 8.0),)))
    watch(world)
    assert world.outcome(PATIENT) == "Succeeded"
    assert serving(world) == NEW


class _Jumping:
    """The clock of the driver's machine alone, which somebody sets."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    def wall_s(self) -> float:
        return self._clock.wall_s() + self.ahead_s


class JumpingWorld(SimulatedWorld):
    """A world in which the driver's wall clock jumps once, `at_s` seconds after the begin."""

    def __init__(self, scenario: Scenario, at_s: float, jump_s: float) -> None:
        self.jumping: Any = None
        super().__init__(scenario)
        self.jumping = _Jumping(self.clock)
        self.at(at_s, lambda: setattr(self.jumping, "ahead_s", jump_s))

    @property
    def ports(self) -> Ports:
        plain = super().ports
        return replace(plain, clock=self.jumping) if self.jumping else plain


@pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.PROGRESSING, Phase.SOAKING])
@pytest.mark.parametrize("canary", [GOOD, BAD], ids=["good", "bad"])
def test_a_wall_clock_that_jumps_changes_nothing(
    phase: Phase, jump_s: float, canary: Behaviour
) -> None:
    scenario = replace(SLOW, canary=canary, guarded=True)
    calm, jumping = (
        JumpingWorld(scenario, entries(SLOW)[phase] + 0.5, seconds) for seconds in (0.0, jump_s)
    )
    assert jumping.outcome(PATIENT) == calm.outcome(PATIENT)
    assert jumping.jumping.ahead_s == jump_s
    assert jumping.journal.transcript == calm.journal.transcript
    assert jumping.clock.now_s() == calm.clock.now_s()
    assert serving(jumping) == serving(calm)
