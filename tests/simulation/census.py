"""Who had how many ready pods lately, and whether that was enough for a weight that rises."""

from __future__ import annotations

from canary.core.record import Record
from canary.core.size import enough, size_for
from tests.engine.world import NEW, OLD
from tests.fakes.fleet import FakeFleet
from tests.simulation.scenario import Scenario

KEPT_S = 15.0


class Census:
    """Sizes the versions as their scenario has it, and counts them as time goes by."""

    def __init__(self, scenario: Scenario, fleet: FakeFleet) -> None:
        self._plan = scenario.plan
        self._fleet = fleet
        self._counts: list[tuple[float, dict[str, int]]] = []
        self._dead_s = float("-inf")
        old, new = fleet.versions[OLD], fleet.versions[NEW]
        new.room, new.grow_s = scenario.room, scenario.grow_s
        if not scenario.first:
            old.resize(4 if scenario.autoscaled else scenario.plan.replicas, 0.0)
        if scenario.autoscaled:
            old.most = new.most = scenario.plan.most_replicas
            old.least, old.wants, new.wants = 2, 4, 1

    def count(self, now_s: float, record: Record | None) -> None:
        """Note what is there now."""
        counts = {version: self._fleet.ready(version) for version in self._fleet.versions}
        self._counts = [one for one in self._counts if now_s - one[0] <= KEPT_S]
        self._counts.append((now_s, counts))
        if record is not None and not counts.get(record.primary):
            self._dead_s = now_s

    def demand(self, record: Record, before_percent: int, now_s: float, blind_s: float) -> None:
        """The weight never rises over what ready pods are for, unless the primary has none.

        Somebody who looked less than `blind_s` ago could not know better.
        """
        plan = self._plan
        self.count(now_s, None)
        if (
            not record.canary
            or record.weight_percent <= before_percent
            or now_s - self._dead_s <= blind_s
        ):
            return
        recent = (counts for at_s, counts in self._counts if now_s - at_s <= blind_s)
        most = max(counts.get(record.canary, 0) for counts in recent)
        size = size_for(record.weight_percent, plan.replicas, plan)
        needed = enough(size, plan.canary_ready_percent)
        assert most >= needed, f"{record.weight_percent} % with {most} of {needed} pods ready"
