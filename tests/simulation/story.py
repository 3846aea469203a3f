"""One run from its first to its last call, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

from canary.core.holding import LAPSED
from canary.core.record import Record
from canary.core.report import Report
from canary.errors import CanaryError, Interrupted, PortError, Rejected
from tests.engine.world import NEW
from tests.simulation.interference import Bug, Death
from tests.simulation.scenario import Scenario
from tests.simulation.world import SimulatedWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A run that has ended; `error` is what it raised, None when it returned."""

    scenario: Scenario
    world: SimulatedWorld
    error: BaseException | None
    seconds: float

    @property
    def promoted(self) -> bool:
        """Settled, even if the process died while the old version drained."""
        record = self.record
        settled = record is not None and record.run == "r1" and record.primary == NEW
        return self.error is None or (self.crashed and settled)

    @property
    def turned_down(self) -> bool:
        """Ended by a decision, not by a crash or before it began."""
        return isinstance(self.error, (Rejected, Interrupted))

    @property
    def lapsed(self) -> bool:
        """Stopped because others might have taken the run for dead."""
        return LAPSED in self.text

    @property
    def crashed(self) -> bool:
        return isinstance(self.error, (Bug, Death))

    @property
    def never_begun(self) -> bool:
        """Turned away, or a visitor had done already what was asked for."""
        done = any("serves already: no run" in line for _, line in self.world.journal.lines)
        return (self.error is None and done) or isinstance(self.error, PortError)

    @property
    def text(self) -> str:
        notes = getattr(self.error, "__notes__", ())
        return " ".join((str(self.error or ""), *notes))

    @property
    def reports(self) -> list[Report]:
        return self.world.journal.reports

    @property
    def record(self) -> Record | None:
        return self.world.traffic.record

    @property
    def meddled(self) -> bool:
        """Whether somebody else wrote last."""
        return self.world.traffic.changed_by != "canary" or self.record_of_others

    @property
    def record_of_others(self) -> bool:
        return self.record is not None and self.record.run not in {"r0", "r1"}


def play(scenario: Scenario) -> Story:
    """Live through a scenario."""
    world = SimulatedWorld(scenario)
    began_s = world.clock.now_s()
    error: BaseException | None = None
    try:
        world.release(scenario.plan)
    except (CanaryError, Bug, Death) as ended:
        error = ended
    seconds = world.clock.now_s() - began_s
    return Story(scenario=scenario, world=world, error=error, seconds=seconds)


def again(story: Story, version: str = NEW, run: str = "r2") -> str:
    """The next update, in a world that works again."""
    plan = replace(story.scenario.plan, skip_analysis=False)
    return story.world.outcome(plan, version, run)
