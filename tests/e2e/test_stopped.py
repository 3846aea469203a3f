"""A release is told to stop: politely, impatiently, and by its own bound."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from canary.core.record import Phase
from tests.e2e.project import Result, Running
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

ENDLESS: dict[str, Any] = {"analysis": {"interval": "2m", "stepWeights": [50]}}
BOUNDED: dict[str, Any] = {"analysis": {"stepWeights": [50]}, "maxDuration": "8s"}
GUARDED_WITHIN_S = 15.0


def test_whoever_is_told_to_stop_stops_with_all_traffic_on_the_primary(world: World) -> None:
    world.shared["guard"] = {"install": True}
    world.write(GOOD, ENDLESS)
    world.project.up()
    primary, members = world.record().primary, world.members()
    world.write(BETTER, ENDLESS)
    with world.probe(methods=("GET", "POST")) as users, _full(world):
        told = _stopped(world, signal.SIGTERM)
        (reason,) = told.reasons
        assert reason.startswith(f"error: Interrupted: {BETTER}: the update was interrupted; all")
        assert (world.members(), world.apex_version()) == (members, primary)
        assert "the report's files could not be written: [Errno 28] No space left" in told.text
        _stopped(world, signal.SIGINT, signal.SIGINT)
        await_(lambda: world.record().phase is Phase.FAILED, "a restore", GUARDED_WITHIN_S)
        assert (world.members(), world.apex_version()) == (members, primary)
    assert not len(users.answers().failed()), users.answers().failed()
    world.write(BETTER, BOUNDED)  # without users there is nothing to judge by
    (reason,) = world.project.up(fails=True).reasons
    assert "the run took longer than maxDuration (8 s); all traffic is back on " in reason
    assert (world.members(), world.apex_version()) == (members, primary)


def _stopped(world: World, *numbers: signal.Signals) -> Result:
    """Release, and send the CLI these at 50 %."""
    before = world.record().run
    running = world.project.start_up()
    await_(lambda: world.record().run != before, "another run", 30)
    await_(lambda: world.record().weight_percent == 50, "50 %", 30)
    for number in numbers:
        running.process.send_signal(number)
    result = _ended(running)
    assert result.code != 0
    assert "Traceback" not in result.text
    return result


def _ended(running: Running) -> Result:
    return running.finish(60.0)


@contextmanager
def _full(world: World) -> Iterator[None]:
    """While this lasts, nothing more fits where reports go."""
    reports = str(world.project.reports)
    world.project.reports.mkdir()
    world.bed.popen(["mount", "-t", "tmpfs", "-o", "size=4k", "full", reports]).wait(10)
    world.bed.popen(["dd", "if=/dev/zero", f"of={reports}/filler", "bs=4k", "count=1"]).wait(10)
    try:
        yield
    finally:
        world.bed.popen(["umount", reports]).wait(10)
