"""Whole runs whose canary grows with its weight, and of versions that an autoscaler sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.record import BASELINE, Phase, Record
from canary.engine import pods
from canary.engine.repair import damage_of
from canary.errors import ClusterError, PortError
from tests.core.timeline import PLAN
from tests.engine.test_repair import leave, left
from tests.engine.world import BAD, GOOD, NEW, OLD, World
from tests.fakes.fleet import FakeFleet
from tests.fakes.router import FakeRouter

FOUR = replace(PLAN, weights=(10, 25, 50), replicas=4, proportional=True)
SCALED = replace(FOUR, replicas=2, most_replicas=9, proportional=False)


def at_weights(world: World) -> list[tuple[int, int]]:
    """How many pods of the canary were ready whenever its weight was written, from now on."""
    found: list[tuple[int, int]] = []

    class Watching(FakeRouter):
        def write(self, record: Record) -> None:
            ready = world.fleet.pods()[NEW].ready
            if record.canary == NEW and (record.weight_percent, ready) not in found:
                found.append((record.weight_percent, ready))
            super().write(record)

    world.router = Watching
    return found


def four() -> World:
    world = World()
    world.fleet.scale(OLD, 4)
    world.fleet.scaled.clear()
    return world


def autoscaled(wants: int = 1, old: int = 6) -> World:
    """Both versions have an autoscaler; that of the canary wants fewer pods than it needs."""
    world = World()
    primary, canary = world.fleet.versions[OLD], world.fleet.versions[NEW]
    primary.most, primary.least, primary.wants = 9, 2, old
    canary.most, canary.wants = 9, wants
    world.fleet.pods()
    return world


def test_it_grows_before_each_weight_and_the_primary_stays_as_it_is() -> None:
    world = four()
    seen = at_weights(world)
    assert world.outcome(FOUR) == "Succeeded"
    assert seen == [(0, 0), (10, 1), (25, 2), (50, 3), (100, 4)]
    assert world.fleet.scaled == [(NEW, 1), (NEW, 2), (NEW, 3), (NEW, 4)]


def test_growing_costs_no_time_when_pods_start_within_a_bake() -> None:
    usual = World()
    usual.outcome(replace(PLAN, weights=FOUR.weights))
    world = four()
    world.outcome(FOUR)
    assert world.report.seconds == pytest.approx(usual.report.seconds, abs=0.5)


def test_pods_that_start_slowly_are_waited_for() -> None:
    world = four()
    world.fleet.versions[NEW].start_s = 15.0
    seen = at_weights(world)
    assert world.outcome(FOUR) == "Succeeded"
    assert seen == [(0, 0), (10, 1), (25, 2), (50, 3), (100, 4)]
    first, waited = world.report.steps[:2]
    assert first.weight_percent == waited.weight_percent == 10
    assert first.seconds + waited.seconds == pytest.approx(15.0, abs=1.0)
    lines = [line for _, line in world.journal.lines]
    assert any("waiting for the pods for 25 %: 1 of 2 pods ready" in line for line in lines)


def test_pods_that_never_come_roll_it_back_and_it_is_at_zero() -> None:
    world = four()
    world.fleet.versions[NEW].room = 2
    seen = at_weights(world)
    text = world.outcome(FOUR)
    assert text.startswith(
        "Rejected: podinfo:b: at 25 %: the pods for 50 % were not ready within 60 s: 2 of 3 pods "
    )
    assert [weight for weight, _ in seen] == [0, 10, 25, 0]
    assert world.routed == {OLD: 100}
    assert world.fleet.pods()[NEW].wanted == 0
    assert world.fleet.pods()[OLD].wanted == 4


def test_a_bad_version_is_rolled_back_while_its_pods_start() -> None:
    world = World(new=BAD)
    world.fleet.versions[NEW].room = 1
    text = world.outcome(replace(FOUR, progress_deadline_s=600.0))
    assert "Rejected: podinfo:b: at 10 %: request-success-rate 0.0 %" in text
    assert world.fleet.scaled[-1] == (NEW, 0)


def test_a_baseline_grows_with_it_and_is_waited_for() -> None:
    world = four()
    world.fleet.copy_start_s = 13.0
    seen = at_weights(world)
    assert world.outcome(replace(FOUR, baseline=True)) == "Succeeded"
    copies = [size for version, size in world.fleet.scaled if version == BASELINE]
    assert copies == [1, 2, 3, 4, 0]
    assert [weight for weight, _ in seen] == [0, 10, 25, 50, 100]
    lines = [line for _, line in world.journal.lines]
    assert any("the pods for 25 %: the baseline has 1 of 2 pods ready" in line for line in lines)


def test_who_scales_it_down_by_hand_is_answered() -> None:
    world = four()
    world.at(40.0, lambda: world.fleet.scale(NEW, 2))
    assert world.outcome(FOUR) == "Succeeded"
    assert world.fleet.scaled[-2:] == [(NEW, 2), (NEW, 4)]


def test_who_gives_it_more_than_it_needs_is_left_alone() -> None:
    world = four()
    world.at(40.0, lambda: world.fleet.scale(NEW, 6))
    assert world.outcome(FOUR) == "Succeeded"
    assert world.fleet.pods()[NEW].wanted == 6


def test_an_api_server_that_is_away_for_a_moment_is_asked_again() -> None:
    world = four()

    class Away(FakeFleet):
        def scale(self, version: str, replicas: int) -> None:
            if replicas == 2 and world.clock.now_s() < 75.0:
                raise ClusterError("no answer", retryable=True)
            super().scale(version, replicas)

    world.fleet.__class__ = Away
    assert world.outcome(FOUR) == "Succeeded"
    lines = [line for _, line in world.journal.lines]
    assert any("the canary does not have 2 pods yet: no answer" in line for line in lines)


def test_a_canary_that_may_not_grow_is_rolled_back() -> None:
    world = four()

    class Forbidden(FakeFleet):
        def scale(self, version: str, replicas: int) -> None:
            if replicas == 2:
                raise ClusterError("deployments/scale is forbidden")
            super().scale(version, replicas)

    world.fleet.__class__ = Forbidden
    text = world.outcome(FOUR)
    assert text.startswith("Rejected: podinfo:b: deployments/scale is forbidden; all traffic is")
    assert world.routed == {OLD: 100}


def test_an_autoscaler_that_wants_one_pod_leaves_the_run_its_four() -> None:
    world = autoscaled(wants=1, old=4)
    seen = at_weights(world)
    plan = replace(SCALED, replicas=4, proportional=True)
    assert world.outcome(plan) == "Succeeded"
    assert seen == [(0, 0), (10, 1), (25, 2), (50, 3), (100, 4)]
    assert world.fleet.scaled == [(NEW, 1)], "the run wrote more than between 0 and 1"
    assert world.fleet.pods()[NEW].wanted == 4


def test_what_the_run_kept_from_the_autoscalers_is_given_back() -> None:
    """The primary has grown to six pods; the canary gets as many, and may shrink afterwards."""
    world = autoscaled(wants=1, old=6)
    primary, canary = world.fleet.versions[OLD], world.fleet.versions[NEW]
    least: list[int] = []
    world.at(20.0, lambda: setattr(primary, "wants", 1))  # its load has left it

    def watch(_now_s: float) -> None:
        if OLD in world.traffic.plain:
            least.append(world.fleet.pods()[OLD].wanted)

    world.clock.on_tick.append(watch)
    seen = at_weights(world)
    assert world.outcome(SCALED) == "Succeeded"
    assert seen[-1] == (100, 6)
    assert set(least) == {6}, "the primary shrank while it had traffic"
    assert world.fleet.pods()[OLD].wanted == 2
    assert (primary.least, canary.least) == (2, 2)


def test_after_a_rollback_the_primary_may_shrink_again_and_the_canary_is_at_zero() -> None:
    world = autoscaled(wants=1, old=6)
    world.metrics.replicas[0].behaviours = {OLD: GOOD, NEW: BAD}
    assert world.outcome(SCALED).startswith("Rejected")
    primary, canary = world.fleet.versions[OLD], world.fleet.versions[NEW]
    assert (primary.least, primary.replicas) == (2, 6)
    assert (canary.least, canary.replicas) == (1, 0)
    primary.wants = 1
    assert world.fleet.pods()[OLD].wanted == 2


@pytest.mark.parametrize("run", ["r0", "guard-r0"])
def test_what_a_dead_run_kept_is_given_back_by_the_next_update(run: str) -> None:
    """Also where the guard restored the traffic, which leaves the rest of a record as it is."""
    world = autoscaled(old=6)
    world.autoscalers.hold(OLD)
    assert world.fleet.versions[OLD].least == 6
    phase = Phase.FAILED if run.startswith("guard") else Phase.PROGRESSING
    weight = 0 if phase is Phase.FAILED else 30
    leave(world, replace(left(phase, weight), run=run, reserved=True))
    route = world.ports.router.route()
    assert route is not None
    assert damage_of(route, OLD)
    assert world.outcome(SCALED, version=OLD) == "Failed"
    assert world.fleet.versions[OLD].least == 2
    assert world.traffic.record is not None
    assert not world.traffic.record.reserved


def test_what_a_dead_run_kept_is_given_back_also_when_its_route_was_deleted() -> None:
    world = autoscaled()
    world.autoscalers.hold(OLD)
    world.traffic.clear()
    assert world.outcome(SCALED, version=OLD) == "Failed"
    assert (world.fleet.versions[OLD].least, world.fleet.versions[OLD].kept) == (2, 0)
    assert world.traffic.record is not None
    assert not world.traffic.record.reserved


def test_the_record_tells_of_it_while_the_run_goes_on() -> None:
    world = autoscaled(old=6)
    assert world.outcome(SCALED) == "Succeeded"
    told = [record.reserved for record in world.traffic.records if record.run == "r1"]
    assert told[0] is False
    assert told[-1] is False
    assert set(told[1:-1]) == {True}
    plain = World()
    assert plain.outcome() == "Succeeded"
    assert not any(record.reserved for record in plain.traffic.records)


def test_an_autoscaler_that_cannot_be_asked_ends_no_run() -> None:
    world = autoscaled()
    world.autoscalers.faults = [PortError("forbidden")]
    assert world.outcome(SCALED) == "Succeeded"
    told = "\n".join(world.journal.transcript)
    assert "its autoscaler may make the primary smaller during the run: forbidden" in told


def test_what_cannot_be_given_back_is_told_and_repaired_by_the_next_update() -> None:
    world = autoscaled(old=6)
    world.metrics.replicas[0].behaviours = {OLD: GOOD, NEW: BAD}
    world.at(20.0, lambda: world.autoscalers.faults.append(PortError("forbidden")))
    assert world.outcome(SCALED).startswith("Rejected")
    assert f"the autoscaler cannot make {OLD} smaller yet: forbidden" in "\n".join(
        world.journal.transcript
    )
    assert world.traffic.record is not None
    assert world.traffic.record.reserved
    assert world.outcome(SCALED, version=OLD, run="r2") == "Failed"
    assert (world.fleet.versions[OLD].least, world.traffic.record.reserved) == (2, False)


def test_another_runs_record_is_not_written_over_to_note_it() -> None:
    """A run that was taken over before it could end has still what it is to give back."""
    world = autoscaled(old=6)
    world.autoscalers.hold(OLD)
    theirs = replace(left(Phase.PREPARING, 0), run="r2")
    leave(world, theirs)
    mine = replace(theirs, run="r1", phase=Phase.ROLLING_BACK, reserved=True)
    assert pods.give_back(mine, OLD, world.ports) == mine
    assert world.traffic.record == theirs
    assert "smaller yet: run r2 took over" in world.journal.transcript[-1]


def test_a_promoted_version_that_cannot_be_settled_is_told_of() -> None:
    world = autoscaled()

    class Forbidden(FakeFleet):
        def scale(self, version: str, replicas: int) -> None:
            if world.traffic.plain == {NEW: 100}:
                raise ClusterError("horizontalpodautoscalers is forbidden")
            super().scale(version, replicas)

    world.fleet.__class__ = Forbidden
    assert world.outcome(SCALED) == "Succeeded"
    assert f"{NEW} may have more pods than it needs: horizontalpo" in "\n".join(
        world.journal.transcript
    )
