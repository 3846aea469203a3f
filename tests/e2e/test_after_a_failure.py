"""After a release that failed: reverted, tried once more, and fixed."""

from __future__ import annotations

import re

import pytest

from tests.e2e.settings import SURE, merged
from tests.e2e.world import World

pytestmark = pytest.mark.bed

GOOD, BAD, FIXED = "1", "errors", "2"  # three requests in ten fail
QUICK = merged(SURE, {"analysis": {"threshold": 1, "stepWeights": [50]}})


def test_a_failed_release_is_reverted_tried_again_and_fixed(world: World) -> None:
    world.write_testapp(GOOD, QUICK)
    world.project.up()
    primary = world.record().primary
    pods = world.pods(primary)
    with world.probe() as users:
        failed = _fails(world, primary)
        _reverted(world, primary)
        again = _fails(world, primary)
        assert world.record().run != failed
        assert world.pods(primary) == pods
        assert again not in {failed, ""}
        _fixed(world, primary)
    users.answers().assert_none_failed()


# Whichever comes first: evidence, against the primary or the bound, or a check at a bake's end.
NUMBERS = (
    r"canary requests failed \((4xx or )?5xx\)(,)? wh(ile|ere) .*: chance does that less than once"
    r"|request-success-rate .* requests \(min 99 %\); primary 100 % of "
)


def _fails(world: World, primary: str) -> str:
    """Release the bad image, and see it rejected under traffic; the run's id."""
    world.write_testapp(BAD, QUICK)
    with world.weights() as weights:
        (reason,) = world.project.up(fails=True).reasons
    assert re.search(NUMBERS, reason), reason
    assert weights.steps() == [0, 50, 0]
    record = world.record()
    assert (record.primary, record.phase.value) == (primary, "Failed")
    assert world.versions() == {primary, record.canary}
    return record.run


def _reverted(world: World, primary: str) -> None:
    """The old image once more: nothing to judge, only the failed version to delete."""
    before, pods = world.record(), world.pods(primary)
    world.write_testapp(GOOD, QUICK)
    with world.weights() as weights:
        result = world.project.up()
    assert {record.run for record in weights.records()} == {before.run}
    assert weights.steps() == [0]
    assert "updated" not in " ".join(result.lines("canary:Rollout"))
    assert world.versions() == {primary}
    assert world.pods(primary) == pods


def _fixed(world: World, primary: str) -> None:
    """A good image right after the bad one: promoted, and both others are deleted."""
    world.write_testapp(FIXED, QUICK)
    with world.weights() as weights:
        result = world.project.up()
    assert "promoted" in result.text
    assert weights.steps() == [0, 50, 100, 0]
    assert world.record().primary not in {primary, ""}
    assert world.versions() == {world.record().primary}
