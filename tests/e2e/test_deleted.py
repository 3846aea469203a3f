"""Somebody deletes by hand what a release needs, at rest and while one is on its way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

RESTORED_WITHIN_S = 60.0  # before the bake ends, and nothing else would restore
PLAN: dict[str, Any] = {"analysis": {"interval": "2m", "stepWeights": [50]}, "soak": "2s"}


def test_what_somebody_deletes_at_rest_is_named_and_comes_back(world: World) -> None:
    world.write(GOOD, PLAN)
    world.project.up()
    primary, members = world.record().primary, world.members()
    _delete(world, "traefikservice/podinfo")
    preview = world.project.preview("--diff").text
    assert "the TraefikService was deleted: repaired first, all traffic goes to " in preview
    repaired = world.project.up()
    assert f"repaired: the TraefikService was deleted; all traffic is back on {GOOD}" in (
        repaired.text
    )
    assert (world.members(), world.apex_version()) == (members, primary)

    gone = ("deployment", "service")
    _delete(world, "service/podinfo", *(f"{kind}/podinfo-{primary}" for kind in gone))
    warning = (
        f"podinfo: Deployment podinfo-{primary}, Service podinfo, Service podinfo-{primary} are "
        "missing, which requests need: deleted by hand? `pulumi up --refresh` makes them again"
    )
    assert warning in world.project.preview().text
    (reason,) = world.project.up(fails=True).reasons
    assert "was it deleted by hand? `pulumi up --refresh` makes it again" in reason
    world.project.up("--refresh")
    assert (world.members(), world.apex_version()) == (members, primary)
    await_(lambda: len(world.pods(primary)) == 2, "both pods", 60)
    assert not world.project.preview("--expect-no-changes").lines("missing")


def test_what_somebody_deletes_under_a_release_ends_it_with_its_name(world: World) -> None:
    world.write(GOOD, PLAN)
    world.project.up()
    primary, members = world.record().primary, world.members()
    world.write(BETTER, PLAN)
    with world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(50)
        _delete(world, "traefikservice/podinfo")
        (reason,) = running.finish().reasons
    assert f"the TraefikService of {primary} was deleted; all traffic is back on {GOOD}" in reason
    assert (world.members(), world.apex_version()) == (members, primary)

    before = world.record().run
    running = world.project.start_up()
    await_(lambda: world.record().run != before, "another run", 60)
    await_(lambda: world.record().weight_percent == 50, "50 % again", 60)
    service = f"podinfo-{world.record().canary}"
    _delete(world, f"service/{service}")
    await_(lambda: world.members() == members, "a restore", RESTORED_WITHIN_S)
    (reason,) = running.finish().reasons
    assert f"no pod of the canary is ready: its Service {service} was deleted" in reason
    assert f"all traffic is back on {GOOD}" in reason
    assert world.apex_version() == primary


def _delete(world: World, *names: str) -> None:
    world.bed.kubectl("-n", world.namespace, "delete", *names)
