"""A stack's first deploy: straight to the first version, or nothing at all."""

from __future__ import annotations

import pytest

from tests.e2e.settings import GOOD, MISSING
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed


def test_a_first_deploy_serves_once_the_pods_are_ready(world: World) -> None:
    world.write(GOOD)
    result = world.project.up()
    assert "first version is ready: it gets all traffic, without analysis" in result.text
    record = world.record()
    serving = {f"podinfo-{record.primary}": 100}
    assert world.members() == {"podinfo": serving, "podinfo-shielded": serving}
    assert (world.apex_version(), world.versions()) == (record.primary, {record.primary})
    assert len(world.pods(record.primary)) == 2
    with world.probe(methods=("GET", "POST")) as users, world.pod_probe() as callers:
        pass
    for answers in (users.answers(), callers.answers()):
        answers.assert_none_failed()
        assert answers.versions() == {"6.9.2"}


def test_a_first_deploy_that_fails_is_fixed_and_destroyed(world: World) -> None:
    world.write(MISSING, {"progressDeadlineSeconds": 8})
    failed = world.project.up(fails=True)
    (reason,) = failed.reasons
    assert reason.startswith(f"error: Rejected: {MISSING}: not ready within 8 s: 0 of 2 pods ready")
    assert reason.endswith("; nothing serves yet")
    assert "ImagePull" in reason
    assert "Traceback" not in failed.text
    assert world.objects("traefikservices,ingressroutes") == []

    world.write(GOOD)
    world.project.up()
    assert world.versions() == {world.record().primary}

    world.project.destroy()
    await_(lambda: not _exists(world), "the namespace is gone", 60)
    assert world.project.export() == {}


def _exists(world: World) -> bool:
    return bool(world.bed.kubectl("get", "namespace", world.namespace, "--ignore-not-found"))
