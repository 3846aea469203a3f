"""Whoever drives a release dies, at the worst moments: traffic ends on a version that serves."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from canary.adapters.process.driver import ENGINE_GONE, INTERRUPTED
from canary.core.record import Phase
from tests.e2e.processes import providers, signal_providers
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import GUARDED_WITHIN_S, await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

ENDLESS: dict[str, Any] = {"analysis": {"interval": "2m", "stepWeights": [50]}}
SHORT: dict[str, Any] = {"analysis": {"stepWeights": [50]}, "drain": "4s"}
DRAINING = {**SHORT, "drain": "30s"}  # it is killed meanwhile
RESTORED_WITHIN_S = 30.0  # no promise: a busy machine takes longer, and there is no guard
STOPPED_WITHIN_S = 120.0  # the records are listed every half minute


def test_an_interrupted_and_a_killed_run_are_restored_within_seconds(world: World) -> None:
    world.write(GOOD, ENDLESS)
    world.project.up()
    primary, members = world.record().primary, world.members()
    pods = world.pods(primary)
    with world.probe(methods=("GET", "POST")) as users:
        _interrupted(world)
        assert (world.members(), world.apex_version()) == (members, primary)
        _killed(world)
        assert (world.members(), world.apex_version()) == (members, primary)
        _cleaned_up(world, primary)
    assert world.pods(primary) == pods
    users.answers().assert_none_failed()


def test_when_the_machine_dies_the_guard_restores(world: World) -> None:
    """The guard that led dies in the same moment; and what failed loses its pods in the end."""
    world.shared["guard"] = {"install": True, "replicas": 2, "failedVersionTTL": "5s"}
    world.write(GOOD, ENDLESS)
    world.project.up()
    primary, members = world.record().primary, world.members()
    leader = await_(lambda: _leading_guard(world), "a guard that leads", 60)
    with world.probe(methods=("GET", "POST")) as users:
        run = _all_killed(world)
        killed = ("delete", "pod", leader, "--grace-period=0", "--force", "--wait=false")
        world.bed.kubectl("-n", world.namespace, *killed)
        await_(
            lambda: world.record().phase is Phase.FAILED, "the guard's restore", GUARDED_WITHIN_S
        )
        assert world.record().run == f"guard-{run}"
        assert world.record().reason.startswith(f"restored by guard: the driver of run {run} gave")
        # The list with the record comes first.
        await_(lambda: world.members() == members, "the other list", GUARDED_WITHIN_S)
        assert world.apex_version() == primary
        assert _leading_guard(world) != leader
        failed = world.record().canary
        await_(lambda: not world.pods(failed), "the end of what failed", STOPPED_WITHIN_S)
        _cleaned_up(world, primary)
    users.answers().assert_none_failed()


def test_a_run_that_nobody_could_restore_is_repaired_by_the_next_update(world: World) -> None:
    world.write(GOOD, ENDLESS)
    world.project.up()
    primary, members = world.record().primary, world.members()
    with world.probe(methods=("GET", "POST")) as users:
        run = _all_killed(world)
        assert world.members() != members
        damage = f"run {run} ended in Progressing at 50 %: repaired first, all traffic goes to "
        world.write(GOOD, ENDLESS)
        assert f"{damage}{primary}" in _live_row(world.project.preview("--diff").text)
        repaired = world.project.up()
        assert (world.members(), world.apex_version()) == (members, primary)
    said = f"repaired: run {run} ended in Progressing at 50 %; all traffic is back on {GOOD}"
    assert said in repaired.text
    assert world.versions() == {primary}
    users.answers().assert_none_failed()


def test_a_promotion_that_the_state_missed_is_taken_back_by_a_run(world: World) -> None:
    world.write(GOOD, SHORT)
    world.project.up()
    old = world.record().primary
    with world.probe(methods=("GET", "POST")) as users, world.pod_probe() as callers:
        new = _killed_while_draining(world)
        world.write(GOOD, SHORT)
        said = f"{new} serves, not {old} as the state says"
        preview = world.project.preview("--diff").text
        assert said in _live_row(preview)
        assert "100 % as soon as it is ready, without an analysis: this version was pri" in preview
        _not_to_be_deleted(world, new)
        with world.weights() as weights:
            world.project.up()
    assert weights.steps() == [0, 100, 0]
    assert world.record().primary == world.apex_version() == old
    assert world.versions() == {old}
    for answers in (users.answers(), callers.answers()):
        answers.assert_none_failed()


def _interrupted(world: World) -> None:
    """Ctrl-C at 50 %."""
    world.write(BETTER, ENDLESS)
    with world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(50)
        at = time.time()
        running.interrupt()
        result = running.finish()
        assert weights.await_phase("Failed", 60).at - at < RESTORED_WITHIN_S
    assert result.code != 0
    (reason,) = result.reasons
    assert reason.startswith(f"error: Interrupted: {BETTER}: the update was interrupted")
    assert "Traceback" not in result.text


def _killed(world: World) -> None:
    """Kill -9 of the CLI at 50 %: the orphaned provider notices, restores and ends."""
    before = world.record().run
    running = world.project.start_up()
    await_(lambda: world.record().run != before, "another run", 60)
    await_(lambda: world.record().weight_percent == 50, "50 % again", 60)
    at = time.time()
    running.kill()
    await_(lambda: world.record().phase is Phase.FAILED, "a restore", RESTORED_WITHIN_S)
    print(f"restored {time.time() - at:.1f} s after the kill")
    # Which of the two signals comes first is the language host's choice.
    assert world.record().reason in {ENGINE_GONE, INTERRUPTED}
    await_(lambda: not list(providers(world.project)), "the provider's end", 60)
    world.project.run("cancel", "--yes")  # the lock of the killed CLI


def _cleaned_up(world: World, primary: str) -> None:
    """The old image once more deletes what failed."""
    world.write(GOOD, ENDLESS)
    world.project.up()
    assert world.versions() == {primary}


def _all_killed(world: World) -> str:
    """Kill -9 of the provider and the CLI at 50 %, as when their machine dies; the run's id."""
    world.write(BETTER, ENDLESS)
    with world.weights() as weights:
        running = world.project.start_up()
        record = weights.await_weight(50).record
    signal_providers(world.project, signal.SIGKILL)
    running.kill()
    world.project.run("cancel", "--yes")
    assert record is not None
    return record.run


def _leading_guard(world: World) -> str:
    """The pod of the guard that acts, "" for none."""
    leases = world.bed.kubectl("-n", world.namespace, "get", "leases", "-o", "json")
    holders = [
        lease.get("spec", {}).get("holderIdentity", "")
        for lease in json.loads(leases)["items"]
        if lease["metadata"]["name"].startswith("canary-guard-")
    ]
    return "".join(holders)


def _killed_while_draining(world: World) -> str:
    """Kill -9 of the CLI when the new version has just been made the primary; which it is."""
    world.write(BETTER, DRAINING)
    with world.weights() as weights:
        running = world.project.start_up()
        new = weights.await_weight(100).record
        await_(lambda: weights.records()[-1].phase is Phase.SUCCEEDED, "the promotion", 60)
    running.kill()
    world.project.run("cancel", "--yes")
    assert new is not None
    assert world.record().primary == new.canary
    return new.canary


def _not_to_be_deleted(world: World, version: str) -> None:
    """The state knows no reason to keep the version, but the cluster does: it has the traffic."""
    pods = world.pods(version)
    refused = world.project.up(f"--target=**::podinfo-{version}*", fails=True)
    assert f"StillServing: version {version} still has " in refused.text
    assert world.pods(version) == pods


def _live_row(preview: str) -> str:
    """The line of a detailed preview that shows the Rollout's input `live`."""
    (line,) = [line for line in preview.splitlines() if "~ live" in line]
    return line
