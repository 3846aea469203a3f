"""People who ask something of a run while `pulumi up` has the stack locked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

LONG: dict[str, Any] = {
    # Long enough for people, whose command takes a while to start, to speak before a bake ends.
    "analysis": {"interval": "12s", "stepWeights": [20, 40, 60, 80]},
    "soak": "2s",
}


def test_a_run_is_suspended_resumed_and_promoted_by_people(world: World) -> None:
    world.write(GOOD, LONG)
    world.project.up()
    world.write(BETTER, LONG)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(20)
        suspended = world.canary("suspend", world.app, "-n", world.namespace, "--by", "ann")
        assert f"Progressing, 20 % to {BETTER}, the rest to {GOOD}, suspended by ann" in suspended
        running.await_text("held at 20 %: suspended by ann", 60)  # after its bake
        assert "suspended by ann" in world.canary("status", world.app, "-n", world.namespace)
        assert world.record().weight_percent == 20
        world.canary("resume", world.app, "-n", world.namespace, "--by", "bob")
        weights.await_weight(40)
        world.canary("promote", world.app, "-n", world.namespace, "--by", "eve")
        result = running.finish()
    assert result.code == 0, result.text
    assert weights.steps() == [0, 20, 40, 100, 0]
    for said in ("suspended by ann at 20 %", "resumed by bob", "promoted by eve"):
        assert said in result.text
        assert said in world.events()
    users.answers().assert_none_failed()


def test_a_run_is_aborted_with_nothing_but_kubectl(world: World) -> None:
    world.write(GOOD, LONG)
    world.project.up()
    world.write(BETTER, LONG)
    with world.probe() as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(20)
        order = ("annotate", "traefikservice", world.app, "canary.rollout/order=abort")
        world.bed.kubectl("-n", world.namespace, *order)
        result = running.finish()
    assert result.code != 0
    assert weights.steps() == [0, 20, 0]
    (reason,) = result.reasons
    assert "at 20 %: aborted by somebody; all traffic is back on" in reason
    marks = world.object("traefikservice", world.app)["metadata"]["annotations"]
    assert "canary.rollout/order" not in marks
    users.answers().assert_none_failed()


def test_a_watcher_sees_a_run_to_its_end(world: World) -> None:
    world.write(GOOD, LONG)
    world.project.up()
    world.write(BETTER, {**LONG, "skipAnalysis": True})
    before = world.record().run
    running = world.project.start_up()
    await_(lambda: world.record().run != before, "a run", 60)
    lines = world.canary("watch", world.app, "-n", world.namespace).splitlines()
    assert lines[-1].endswith(f"Succeeded, {BETTER} serves")
    assert running.finish().code == 0
    refused = world.canary("abort", world.app, "-n", world.namespace, code=1)
    assert refused == f"error: no run of podinfo is under way; {BETTER} serves\n"
