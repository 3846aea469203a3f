"""The way back that a user asks for: an update with the old image, right after the run."""

from __future__ import annotations

from canary.core.record import Phase
from tests.engine.world import NEW, OLD
from tests.simulation.scenario import Faults
from tests.simulation.story import Story

RUN = "r3"


def check_reverted(story: Story) -> None:
    """In the world as the run left it, the update ends with a reason and everything on one version.

    Who comes back within the window is not judged, and whoever was left so in haste must be.
    """
    after_s, world = story.scenario.back_after_s, story.world
    if after_s is None:
        return
    world.clock.advance(after_s)
    before = world.traffic.record
    text, journal = world.elsewhere(OLD, RUN, Faults())
    record = world.traffic.record
    if record is None or record.run != RUN:
        return
    if not journal.reports:  # it serves already, and what was left was repaired
        assert record.primary == OLD or record.phase is not Phase.SUCCEEDED, text
        return
    report = journal.reports[-1]
    assert report.reason, "a report that does not say why"
    if text != Phase.SUCCEEDED:
        assert report.reason in text, text
        return
    lists = (world.traffic.plain, world.traffic.shielded)
    assert world.traffic.changed_by != "canary" or all(one == {OLD: 100} for one in lists), text
    assert record.primary == OLD
    window_s = story.scenario.plan.rollback_window_s
    hasty = before is not None and window_s and OLD in before.former
    assert not hasty or NEW not in record.former, "what was left in haste need not prove itself"
