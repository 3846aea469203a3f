"""Blue/green, as users see it: the old version until one switch; the preview host shows the new."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.settings import SURE, merged
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

TESTER = "http://flagger-loadtester.canary-system/"
PLAN: dict[str, Any] = {
    "analysis": {"interval": "3s", "iterations": 2, "stepWeights": None},
    "soak": "2s",
}
BAKED_S = 6.0  # two iterations: so long before the switch every replica of Traefik knew of both


def _tested(world: World) -> dict[str, Any]:
    """The load tester looks first whether it meets the new version, then makes the requests."""
    host = f"canary.{world.host}"
    look = f"curl -fsS -H 'Host: {host}' http://traefik.traefik/ | grep '\"version\": \"2\"'"
    load = f"hey -z 6s -q 10 -c 2 -host {host} http://traefik.traefik/"
    webhooks = [
        {"name": "look", "type": "pre-rollout", "metadata": {"type": "bash", "cmd": look}},
        {"name": "load", "type": "rollout", "metadata": {"type": "cmd", "cmd": load}},
    ]
    return merged(PLAN, {"analysis": {"webhooks": [{**hook, "url": TESTER} for hook in webhooks]}})


def test_users_stay_until_the_switch_and_the_preview_host_shows_the_new_version(
    world: World,
) -> None:
    plan = _tested(world)
    world.write_testapp("1", plan)
    world.project.up()
    world.write_testapp("2", plan)
    with (
        world.probe(methods=("GET", "POST")) as users,
        world.probe(rate=1, host=f"canary.{world.host}") as preview,  # too few to judge by
        world.weights() as weights,
    ):
        assert preview.answers().versions() == {"1"}, "at rest it shows what serves"
        result = world.project.up()
        await_(lambda: users.answers().all[-1].who == "2", "users on the new version", 60)
    assert "no rollout hook sends load" not in result.text
    assert f"2 iterations of 3s on host canary.{world.host}, then 100 %" in result.text
    assert weights.steps() == [0, 100, 0]
    switched = weights.await_weight(100, 0).written
    assert users.answers().answered_before(switched).versions() == {"1"}
    early = preview.answers().between(switched - BAKED_S, switched).answered_before(switched)
    assert early.versions() == {"2"}, early
    users.answers().assert_none_failed()


def test_a_bad_version_is_seen_under_the_preview_host_alone(world: World) -> None:
    world.write_testapp("1", PLAN)
    world.project.up()
    old = world.record().primary
    world.write_testapp("errors", merged(PLAN, SURE))
    with (
        world.probe(methods=("GET", "POST")) as users,
        world.probe(rate=40, host=f"canary.{world.host}") as preview,
        world.weights() as weights,
    ):
        result = world.project.up(fails=True)
    (reason,) = result.reasons
    assert "at iteration 1 of 2: " in reason
    assert weights.steps() == [0]
    assert users.answers().versions() == {"1"}
    users.answers().assert_none_failed()
    assert len(preview.answers().failed()), "the preview host did not show the canary"
    members = world.object("traefikservice", "podinfo-canary")["spec"]["weighted"]["services"]
    assert [member["name"] for member in members] == [f"podinfo-{old}"]
