"""One update against a whole world: what users get, what is written, what is said."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from canary.core.gates import CALLS
from canary.core.plan import Gate
from canary.core.record import Phase, Record
from canary.core.seen import HookType
from canary.errors import MetricsError
from tests.core.timeline import PLAN
from tests.engine.world import BAD, NEW, OLD, OWNER, SLOW, World
from tests.fakes.hooks import Answer
from tests.fakes.traffic import Behaviour, Traffic


def test_a_good_version_is_promoted_and_everything_agrees() -> None:
    world = World()
    assert world.outcome() == "Succeeded"
    assert world.routed == {NEW: 100}
    assert world.apex.selected == NEW
    assert world.fleet.up() == {OLD, NEW}, "the old version is left to Pulumi"
    weights = [record.weight_percent for record in world.traffic.records]
    assert weights == [0, 0, 10, 50, 100, 100, 0]
    assert world.report.outcome == "promoted"
    assert [step.weight_percent for step in world.report.steps] == [10, 50, 100]
    assert "promoted" in world.report.to_markdown()


def test_it_returns_only_after_old_connections_have_drained() -> None:
    world = World()
    began_s = world.clock.now_s()
    world.release(replace(PLAN, drain_s=25.0))
    assert world.clock.now_s() - began_s > 32 + 25


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (BAD, "at 10 %: request-success-rate 0.0 % of 10 requests (min 99 %); primary 100 % of 90"),
        (SLOW, "at 10 %: request-duration P99"),
        (Behaviour(hangs=1.0), "at 10 %: answered 0 of about 19 requests sent"),
        (Behaviour(errors=0.3), "at 10 %: request-success-rate"),
    ],
)
def test_a_bad_version_is_rejected_with_numbers(new: Behaviour, why: str) -> None:
    world = World(new=new)
    text = world.outcome()
    assert text.startswith(f"Rejected: podinfo:b: {why}")
    assert text.endswith("all traffic is back on podinfo:a after 0.1 s")
    assert world.routed == {OLD: 100}
    assert world.apex.selected == OLD
    assert world.fleet.scaled == [(NEW, 2), (NEW, 0)]
    assert world.report.outcome == "rejected"
    assert world.report.restore_s == pytest.approx(0.1)


def test_the_first_version_is_routed_without_analysis() -> None:
    world = World(first=True)
    assert world.outcome() == "Succeeded"
    assert world.routed == {NEW: 100}
    assert world.apex.selected == NEW


def test_a_first_version_that_never_gets_ready_says_that_nothing_serves() -> None:
    world = World(first=True)
    world.fleet.versions[NEW].start_s = float("inf")
    world.fleet.versions[NEW].trouble = "ErrImagePull: podinfo:b"
    assert world.outcome() == (
        "Rejected: podinfo:b: not ready within 60 s: 0 of 2 pods ready: ErrImagePull: podinfo:b; "
        "nothing serves yet"
    )
    assert world.routed == {}


def test_a_version_that_never_gets_ready_leaves_all_traffic_where_it_was() -> None:
    world = World()
    world.fleet.versions[NEW].start_s = float("inf")
    assert world.outcome().endswith("0 of 2 pods ready; podinfo:a kept all traffic")
    assert [record.weight_percent for record in world.traffic.records] == [0, 0, 0]


def test_the_serving_version_is_not_released_again() -> None:
    world = World()
    world.fleet.scale(OLD, 5)
    world.fleet.scaled.clear()
    assert world.outcome(version=OLD) == "Succeeded"
    assert world.fleet.scaled == [(OLD, 2)]
    assert world.journal.reports == []


def test_an_interrupted_run_restores_and_says_so() -> None:
    world = World()
    world.at(15.0, world.driver.interrupt)
    text = world.outcome()
    assert text == (
        "Interrupted: podinfo:b: the update was interrupted; "
        "all traffic is back on podinfo:a after 0.1 s"
    )
    assert world.routed == {OLD: 100}
    assert world.report.outcome == "interrupted"


def test_an_interruption_while_draining_keeps_the_promotion() -> None:
    world = World()
    world.at(33.0, world.driver.interrupt)
    assert world.outcome() == "Succeeded"
    assert world.routed == {NEW: 100}


def test_foreign_weights_end_the_run_with_a_restore() -> None:
    world = World()
    world.at(15.0, lambda: world.traffic.edited({OLD: 40, NEW: 60}))
    assert f"at 50 %: weights were changed by kubectl-edit to {OLD}: 40, {NEW}: 60" in (
        world.outcome()
    )
    assert world.routed == {OLD: 100}


def test_foreign_weights_in_the_shielded_list_alone_end_the_run_too() -> None:
    world = World()
    world.at(15.0, lambda: world.traffic.shielded.update({OLD: 1, NEW: 99}))
    assert f"weights were changed by canary to {OLD}: 1, {NEW}: 99" in world.outcome()
    assert world.routed == {OLD: 100}


def test_another_run_that_took_over_is_never_written_over() -> None:
    world = World()
    theirs = Record(
        owner=OWNER, run="r9", phase=Phase.PROGRESSING, primary=OLD, canary=NEW, weight_percent=30
    )
    world.at(15.0, lambda: world.traffic.taken_over(theirs))
    assert "run r9 took over" in world.outcome()
    assert world.traffic.record == theirs


def test_a_deleted_route_is_written_again() -> None:
    world = World()
    world.at(15.0, world.traffic.clear)
    assert "was deleted" in world.outcome()
    assert world.routed == {OLD: 100}


def test_prometheus_down_holds_and_then_is_inconclusive() -> None:
    world = World(traffic=Traffic(outages=((70.0, 1000.0),)))
    assert "at 10 %: inconclusive for 30 s: " in world.outcome()
    assert world.routed == {OLD: 100}


def test_prometheus_down_for_a_moment_is_waited_out() -> None:
    world = World(traffic=Traffic(outages=((70.0, 85.0),)))
    assert world.outcome() == "Succeeded"


def test_a_wrong_prometheus_is_told() -> None:
    world = World()

    def wrong(*_: object) -> None:
        raise MetricsError("it answers HTML")

    world.metrics.now_s = wrong  # type: ignore[assignment,method-assign]
    assert "it answers HTML" in world.outcome()


HOLDING = {*CALLS, HookType.ROLLBACK}


def test_gates_and_rollback_hooks_are_asked_again_and_again() -> None:
    closed = Answer(text="gate: 403")
    answers = {kind: [closed, closed, Answer()] for kind in CALLS}
    world = World(hooks={**answers, HookType.ROLLBACK: [closed]})  # type: ignore[dict-item]
    hooks = frozenset(kind.value for kind in HOLDING)
    plan = replace(PLAN, hooks=hooks, gates={kind: Gate(timeout_s=60.0) for kind in CALLS})
    assert world.outcome(plan) == "Succeeded"
    told = [occasion.type for _, occasion in world.hooks.calls]
    assert told.count(HookType.CONFIRM_ROLLOUT) == 3
    assert told.count(HookType.CONFIRM_TRAFFIC_INCREASE) == 5
    assert told.count(HookType.CONFIRM_PROMOTION) == 3
    asked = [at_s for at_s, o in world.hooks.calls if o.type is HookType.ROLLBACK]
    pauses = [after - before for before, after in itertools.pairwise(asked)]
    assert min(pauses) >= plan.poll_s
    assert max(pauses) < plan.poll_s + 2.0


def test_a_rollback_hook_brings_everything_back() -> None:
    world = World(hooks={HookType.ROLLBACK: [Answer(text="no: 403"), Answer()]})
    text = world.outcome(replace(PLAN, hooks=frozenset({"rollback"})))
    assert "at 10 %: a rollback webhook asked for it; all traffic is back on podinfo:a" in text
    assert world.routed == {OLD: 100}


def test_hooks_get_their_occasions() -> None:
    answers = {kind: [Answer(after_s=0.5)] for kind in HookType if kind not in HOLDING}
    world = World(hooks=answers)  # type: ignore[arg-type]
    plan = replace(PLAN, hooks=frozenset(kind.value for kind in HookType if kind not in HOLDING))
    assert world.outcome(plan) == "Succeeded"
    told = [occasion.type.value for _, occasion in world.hooks.calls]
    assert told == ["pre-rollout", "rollout", "rollout", "rollout", "post-rollout"]


@pytest.mark.parametrize("answer", [Answer(text="notify: 500"), Answer(after_s=1e6)])
def test_a_failing_or_hanging_post_rollout_hook_is_a_warning(answer: Answer) -> None:
    world = World(hooks={HookType.POST_ROLLOUT: [answer]})
    assert world.outcome(replace(PLAN, hooks=frozenset({"post-rollout"}))) == "Succeeded"
    assert world.journal.transcript[-1].endswith(answer.text or "no answer")


def test_the_shield_is_counted_apart() -> None:
    world = World(new=BAD, traffic=Traffic(shielded=True))
    assert "request-success-rate 0.0 % of 10" in world.outcome()
    assert world.report.shielded_requests == 20


def test_a_skipped_analysis_still_drains_and_settles() -> None:
    world = World(new=BAD)
    assert world.outcome(replace(PLAN, skip_analysis=True)) == "Succeeded"
    assert world.routed == {NEW: 100}


def test_traefik_that_never_drops_the_old_version_does_not_hang_the_update() -> None:
    world = World()
    world.at(32.0, lambda: setattr(world.traffic, "frozen", True))
    assert world.outcome() == "Succeeded"
