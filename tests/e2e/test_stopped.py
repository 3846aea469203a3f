"""A release is told to stop: politely, impatiently, and by its own bound."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from canary.core.record import Phase
from tests.e2e.project import Running
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import GUARDED_WITHIN_S, await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

ENDLESS: dict[str, Any] = {"analysis": {"interval": "2m", "stepWeights": [50]}}
BOUNDED: dict[str, Any] = {"analysis": {"stepWeights": [50]}, "maxDuration": "20s"}


def test_sigterm_and_max_duration_end_a_release_even_on_a_full_disk(world: World) -> None:
    world.write(GOOD, ENDLESS)
    world.project.up()
    primary, members = world.record().primary, world.members()
    with world.probe(methods=("GET", "POST")) as users, _full(world):
        running = _halfway(world)
        running.process.send_signal(signal.SIGTERM)
        told = running.finish()
        (reason,) = told.reasons
        assert reason.startswith(f"error: Interrupted: {BETTER}: the update was interrupted; all")
        assert (world.members(), world.apex_version()) == (members, primary)
        assert "the report's files could not be written: [Errno 28] No space left" in told.text
        assert "Traceback" not in told.text
    users.answers().assert_none_failed()
    world.write(BETTER, BOUNDED)  # without users there is nothing to judge by
    (reason,) = world.project.up(fails=True).reasons
    assert f"{BETTER}: at 50 %: the run took longer than maxDuration (20 s); all traffic" in reason
    assert (world.members(), world.apex_version()) == (members, primary)


def test_a_second_ctrl_c_leaves_at_most_the_guard_something_to_restore(world: World) -> None:
    """It ends the provider, whatever that is doing."""
    world.shared["guard"] = {"install": True}
    world.write(GOOD, ENDLESS)
    world.project.up()
    primary, members = world.record().primary, world.members()
    with world.probe(methods=("GET", "POST")) as users:
        running = _halfway(world)
        running.interrupt()
        running.await_text("^C received", 60)
        running.interrupt()
        assert running.finish().code != 0
        await_(lambda: world.record().phase is Phase.FAILED, "a restore", GUARDED_WITHIN_S)
        # Of the guard's writes that of the list with the record comes first.
        await_(lambda: world.members() == members, "the other list", GUARDED_WITHIN_S)
        assert world.apex_version() == primary
    users.answers().assert_none_failed()
    world.write(GOOD, ENDLESS)
    world.project.up()
    assert world.versions() == {primary}


def _halfway(world: World) -> Running:
    """A release that has got 50 %, and stays there."""
    before = world.record().run
    world.write(BETTER, ENDLESS)
    running = world.project.start_up()
    await_(lambda: world.record().run != before, "another run", 60)
    await_(lambda: world.record().weight_percent == 50, "50 %", 60)
    return running


@contextmanager
def _full(world: World) -> Iterator[None]:
    """While this lasts, nothing more fits where reports go."""
    reports = str(world.project.reports)
    _carry_out(world, "mount", "-t", "tmpfs", "-o", "size=4k", "full", reports)
    _carry_out(world, "dd", "if=/dev/zero", f"of={reports}/filler", "bs=4k", "count=1")
    try:
        yield
    finally:
        _carry_out(world, "umount", reports)


def _carry_out(world: World, *command: str) -> None:
    assert world.bed.popen(command).wait(60) == 0, command
