"""Two drivers of one stack, and a driver that was stopped for longer than its Lease lasts."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from canary.core.record import Phase
from tests.e2e.processes import signal_providers
from tests.e2e.project import Project
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import GUARDED_WITHIN_S, await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

GATE = {
    "name": "sign-off",
    "type": "confirm-promotion",
    "url": "http://flagger-loadtester.canary-system/gate/halt",
}
STEADY: dict[str, Any] = {"analysis": {"stepWeights": [50], "webhooks": [GATE]}, "soak": "2s"}
ENDLESS: dict[str, Any] = {"analysis": {"interval": "2m", "stepWeights": [50]}}
HELD = re.compile(r"run (\S+) is under way: process \d+ on \S+ has held it since (\S+) and is")


def test_a_second_driver_is_told_who_holds_the_run_and_touches_nothing(
    world: World, tmp_path: Path
) -> None:
    world.write(GOOD, STEADY)
    world.project.up()
    with _cloned(world.project, tmp_path / "second") as second:
        world.write(BETTER, STEADY)
        began = datetime.now(UTC)
        with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
            running = world.project.start_up()
            record = weights.await_weight(50).record
            assert record is not None
            running.await_text("held at 50 %: waiting for confirm-promotion", 60)
            before = world.marks()
            _told(second.preview("--diff").text, record.run, began)  # it may look, and is warned
            refused = second.up(fails=True)
            _told(refused.text, record.run, began)
            assert "Traceback" not in refused.text
            assert "nothing was touched" in refused.text
            assert world.marks() == before
            world.canary("approve", world.app, "-n", world.namespace, "--by", "ann")
            first = running.finish()
    assert first.code == 0, first.text
    assert weights.steps() == [0, 50, 100, 0]
    assert world.record().primary == record.canary
    users.answers().assert_none_failed()


def test_a_driver_that_was_stopped_writes_nothing_once_the_guard_took_over(world: World) -> None:
    world.shared["guard"] = {"install": True}
    world.write(GOOD, ENDLESS)
    world.project.up()
    members = world.members()
    world.write(BETTER, ENDLESS)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(50)
        signal_providers(world.project, signal.SIGSTOP)
        try:
            await_(lambda: world.record().phase is Phase.FAILED, "a restore", GUARDED_WITHIN_S)
            await_(lambda: world.members() == members, "all of it", 60)
            # The guard deletes the failover last: from then on nobody has anything to write.
            await_(lambda: "podinfo-failover" not in _lists(world), "the end of it", 60)
            before = world.marks(sized="deployments")
        finally:
            signal_providers(world.project, signal.SIGCONT)
        result = running.finish()
    assert result.code != 0
    assert "took over; nothing more is written" in result.text
    assert "Traceback" not in result.text
    assert world.record().run.startswith("guard-")
    assert world.marks(sized="deployments") == before
    users.answers().assert_none_failed()


@contextmanager
def _cloned(project: Project, directory: Path) -> Iterator[Project]:
    clone = project.cloned(directory)
    try:
        yield clone
    finally:
        clone.close(())


def _told(text: str, run: str, began: datetime) -> None:
    found = HELD.search(text)
    assert found is not None, text
    assert found[1] == run
    assert began < datetime.fromisoformat(found[2]) < datetime.now(UTC)


def _lists(world: World) -> set[str]:
    return {body["metadata"]["name"] for body in world.objects("traefikservices")}
