"""Apps in one update: each has its own fate, but for one that is to come after another."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.settings import SURE, TESTAPP, echo_app, merged
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

GOOD, BETTER, BAD = "1", "2", "errors"
QUICK = merged(SURE, {"analysis": {"threshold": 1, "stepWeights": [50]}})
LONGER: dict[str, Any] = {"analysis": {"interval": "3s", "stepWeights": [20, 50, 70]}}
LATER: dict[str, Any] = {"after": ["second"], "skipAnalysis": True}


def test_of_two_apps_the_bad_one_is_restored_and_the_good_one_promoted(world: World) -> None:
    _configure(world, first=GOOD, second=GOOD, third=GOOD)
    world.project.up()
    before = {app: world.record(app).primary for app in ("first", "second", "third")}
    later = world.record("third")
    _configure(world, first=BETTER, second=BAD, third=BETTER)
    users = [world.probe(host=_host(world, app), rate=30) for app in ("first", "second")]
    with users[0], users[1], world.weights("first") as good, world.weights("second") as bad:
        failed = world.project.up(fails=True)
        restored = bad.await_phase("Failed", within_s=60)
        moved = bad.await_weight(50, within_s=60)
        promoted = good.changes()[-1]
        assert world.record("third") == later, "it was to come after one that failed"
        _tidied_up(world, before)
    (reason,) = failed.reasons
    assert reason.startswith(f"error: Rejected: {TESTAPP}:{BAD}: ")
    assert restored.at < promoted.at  # the sibling's longer run was not waited for
    assert moved.at < restored.at
    assert good.steps() == [0, 20, 50, 70, 100, 0]
    for probe in users:
        probe.answers().assert_none_failed()


def _tidied_up(world: World, before: dict[str, str]) -> None:
    """What serves is in the state; with the bad image reverted, what waited for it is released."""
    serving = {app: world.record(app).primary for app in before}
    assert serving["first"] != before["first"]
    assert serving["second"] == before["second"]
    assert _recorded(world) == serving
    assert len(world.objects("deployments")) == 5, "no pod of a version whose turn has not come"
    settled = ("first", "second")
    runs = [world.record(app).run for app in settled]
    _configure(world, first=BETTER, second=GOOD, third=BETTER)
    began = time.time()
    result = world.project.up()
    assert [world.record(app).run for app in settled] == runs
    assert all(world.record(app).moved_at < began for app in settled)
    assert all("third" in line for line in result.lines("canary:Rollout"))
    serving["third"] = world.record("third").primary
    assert serving["third"] != before["third"]
    wanted = {f"{app}-{version}" for app, version in serving.items()}
    await_(lambda: _deployed(world) == wanted, "the pods' end", 60)


def _configure(world: World, **tags: str) -> None:
    plans = {"first": LONGER, "second": QUICK, "third": LATER}
    world.write_apps(
        {
            app: merged(echo_app(tags[app], world.namespace, _host(world, app)), plan)
            for app, plan in plans.items()
        }
    )


def _host(world: World, app: str) -> str:
    return f"{app}.{world.host}"


def _recorded(world: World) -> dict[str, str]:
    """By app, the version that the state's Rollouts say serves."""
    states = [body["outputs"] for body in world.project.export().values() if _is_rollout(body)]
    return {outputs["app"]: outputs["version"] for outputs in states}


def _deployed(world: World) -> set[str]:
    return {body["metadata"]["name"] for body in world.objects("deployments")}


def _is_rollout(body: dict[str, Any]) -> bool:
    return bool(str(body["type"]).endswith(":Rollout"))
