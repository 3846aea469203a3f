"""A fresh copy of the primary beside the canary: what users get, and what is left of it."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from canary.core.record import BASELINE, Phase
from tests.e2e.answers import Answers
from tests.e2e.processes import signal_providers
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import GUARDED_WITHIN_S, await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

BAKE_S = 5.0
PLAN: dict[str, Any] = {
    "analysis": {"interval": f"{BAKE_S:g}s", "stepWeights": [20], "baseline": True},
    "soak": "2s",
}
ENDLESS: dict[str, Any] = {"analysis": {"interval": "2m", "stepWeights": [30], "baseline": True}}
DRAINED_WITHIN_S = 60.0


def test_canary_and_baseline_get_as_much_and_nobody_notices(world: World) -> None:
    world.write(GOOD, PLAN)
    world.project.up()
    old = world.record().primary
    world.write(BETTER, PLAN)
    preview = world.project.preview().text
    assert "baseline: compares with a fresh copy of the primary" in preview
    with world.probe(rate=100.0, methods=("GET", "POST")) as users, world.weights() as weights:
        result = world.project.up()
    new = world.record().primary
    shifted, promoted = weights.await_weight(20, 0), weights.await_weight(100, 0)
    assert shifted.members == {old: 60, new: 20, BASELINE: 20}
    # So long before the next write every replica of Traefik routed this one.
    during = users.answers().between(promoted.written - BAKE_S, promoted.written).of("GET")
    during = during.answered_before(promoted.written)
    assert len(during) >= 80
    for version, share in ((old, 0.6), (new, 0.2), (BASELINE, 0.2)):
        assert _share(during, world.app, version) == pytest.approx(share, abs=0.07)
    users.answers().assert_none_failed()
    assert "requests succeeded (baseline 100 % of " in result.text
    _demand_gone(world)
    assert world.versions() == {new}


def test_what_a_dead_machine_left_gets_nothing_and_the_guard_deletes_it(world: World) -> None:
    world.shared["guard"] = {"install": True}
    world.write(GOOD, ENDLESS)
    world.project.up()
    primary, members = world.record().primary, world.members()
    with world.probe(methods=("GET", "POST")) as users:
        run = _killed(world)
        with world.weights() as weights:
            weights.await_phase("Failed", GUARDED_WITHIN_S)
        assert world.record().run == f"guard-{run}"
        await_(lambda: world.members() == members, "the other list", DRAINED_WITHIN_S)
        await_(lambda: not _baselines(world), "the baseline's end", DRAINED_WITHIN_S)
        await_(lambda: not world.pods(BASELINE), "the end of its pods", DRAINED_WITHIN_S)
        after = users.next_answers(100)
    assert _share(after.of("GET"), world.app, primary) == 1
    users.answers().assert_none_failed()


def test_without_a_guard_the_next_update_takes_it_away(world: World) -> None:
    world.write(GOOD, ENDLESS)
    world.project.up()
    primary, members = world.record().primary, world.members()
    with world.probe(methods=("GET", "POST")) as users:
        run = _killed(world)
        assert world.members()[world.app][f"{world.app}-{BASELINE}"] == 30
        world.write(GOOD, ENDLESS)
        result = world.project.up()
        assert f"repaired: run {run} ended in Progressing at 30 %" in result.text
        assert world.members() == members
        assert world.record().phase is Phase.FAILED
        _demand_gone(world)
    assert world.versions() == {primary}
    users.answers().assert_none_failed()


def _share(answers: Answers, app: str, version: str) -> float:
    """Which part of the requests the pods of a version answered; podinfo names its pod."""
    pods = [answer.pod for answer in answers.all if answer.pod]
    return sum(pod.startswith(f"{app}-{version}-") for pod in pods) / len(pods)


def _killed(world: World) -> str:
    """Kill -9 of the provider and the CLI at 30 %, as when their machine dies; the run's id."""
    world.write(BETTER, ENDLESS)
    with world.weights() as weights:
        running = world.project.start_up()
        record = weights.await_weight(30).record
    signal_providers(world.project, signal.SIGKILL)
    running.kill()
    world.project.run("cancel", "--yes")
    assert record is not None
    assert record.baseline
    return record.run


def _baselines(world: World) -> list[str]:
    found = world.objects("deployments,services", f"app.kubernetes.io/version={BASELINE}")
    return [body["kind"] for body in found]


def _demand_gone(world: World) -> None:
    """Objects at once, pods as soon as they have stopped."""
    assert not _baselines(world)
    await_(lambda: not world.pods(BASELINE), "the end of its pods", DRAINED_WITHIN_S)
