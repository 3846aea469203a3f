"""Mirroring, as users see it: not at all, until the copies of their requests were answered well."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.bed

BAKE_S = 4.0
PLAN: dict[str, Any] = {
    "safeToRepeat": True,
    "analysis": {"interval": f"{BAKE_S:g}s", "stepWeights": [50], "mirror": True},
    "soak": "2s",
    "shield": {"enabled": False},  # it must not be what keeps the canary's failures from users
}


def test_a_version_that_fails_copies_is_met_by_nobody(world: World) -> None:
    world.write_testapp("1", PLAN)
    world.project.up()
    old = world.record().primary
    world.write_testapp("errors", PLAN)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        result = world.project.up(fails=True)
    (reason,) = result.reasons
    assert "at 100 % mirrored: " in reason
    assert "canary.test/app:1 kept all traffic" in reason
    assert users.answers().versions() == {"1"}
    users.answers().assert_none_failed()
    assert weights.steps() == [0]
    (plain,) = world.objects("traefikservices")  # the mirror is gone
    (member,) = plain["spec"]["weighted"]["services"]
    assert (member["kind"], member["name"]) == ("Service", f"podinfo-{old}")


def test_copies_come_before_users_and_none_of_these_fails(world: World) -> None:
    world.write_testapp("1", PLAN)
    world.project.up()
    world.write_testapp("2", PLAN)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        result = world.project.up()
    assert "100 % mirrored to the canary: it is ready" in result.text
    mirrored = next(c for c in weights.changes() if c.record and c.record.mirror_percent)
    shifted = weights.await_weight(50, 0)
    assert shifted.written - mirrored.written >= BAKE_S
    before = users.answers().between(mirrored.written, shifted.written)
    before = before.answered_before(shifted.written)
    assert len(before) >= 40
    assert before.versions() == {"1"}
    assert weights.steps() == [0, 50, 100, 0]
    assert users.answers().versions() == {"1", "2"}
    users.answers().assert_none_failed()
