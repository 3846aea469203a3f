"""Updates of a part of the stack: none of them deletes a version that has traffic."""

from __future__ import annotations

import pytest

from tests.e2e.settings import SURE, merged
from tests.e2e.world import World

pytestmark = pytest.mark.bed

GOOD, BAD = "1", "errors"
QUICK = merged(SURE, {"analysis": {"threshold": 1, "stepWeights": [50]}})


def test_no_partial_update_deletes_the_version_that_serves(world: World) -> None:
    world.write_testapp(GOOD, QUICK)
    world.project.up()
    primary, members = world.record().primary, world.members()
    pods = world.pods(primary)
    whole = f"--target=**::podinfo-{primary}*"
    with world.probe(methods=("GET", "POST")) as users:
        refused = world.project.destroy(whole, fails=True)
        assert "will be destroyed but was not specified in --target list" in refused.text
        world.write_testapp(BAD, QUICK)
        world.project.up(whole, "--target-dependents")
        assert world.versions() == {primary}
        failed = world.project.up("--continue-on-error", fails=True)
        assert "Rejected" in failed.text
    assert primary in world.versions()
    assert world.pods(primary) == pods
    assert (world.members(), world.apex_version()) == (members, primary)
    users.answers().of("GET").assert_none_failed()
