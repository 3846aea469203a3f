"""A driver's router, which no run may use to send users, or write, where it must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary.core.orders import parsed
from canary.core.record import BASELINE, TERMINAL, Phase, Record
from canary.errors import ClusterError
from canary.ports import Router

if TYPE_CHECKING:
    from tests.simulation.world import SimulatedWorld


class Watched:
    """Never gets more traffic for a version without pods while another has some.

    And no run writes over another one that took over after its claim. Who moves traffic signs with
    its own run, and callers inside the cluster are there before a version becomes the primary.
    Somebody who looked less than `BLIND_S` ago could not know better.
    """

    BLIND_S = 12.0

    def __init__(self, world: SimulatedWorld, router: Router) -> None:
        self._world = world
        self._router = router
        self._run = world.heartbeat.run
        self._claimed = False
        self._refused_from_s: float | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._router, name)

    def write(self, record: Record) -> None:
        before, held = dict(self._world.traffic.plain), self._world.traffic.record
        if self._claimed and record.phase is Phase.SUCCEEDED:
            assert self._world.apex.selected == record.primary, "the apex was left behind"
            self._refuse_for_a_while()
        self._router.write(record)
        other = held is not None and held.run != record.run
        assert not (self._claimed and other), "another run's record was written over"
        same = held == record  # who says what is written already changes nothing
        theirs = self._world.wrote is not self and not same
        assert not (self._claimed and theirs), "what another driver had written was written over"
        self._world.wrote = self
        self._claimed |= record.phase is Phase.PREPARING
        copied = self._world.traffic.plain.get(BASELINE, 0)
        assert copied == record.baseline_percent <= record.weight_percent
        if held is not None and record.held and held.run == record.run == self._run:
            rose = record.weight_percent > held.weight_percent
            assert not rose, "a weight rose while the run was suspended"
        if record.obeyed and held is not None and record.obeyed != held.obeyed:
            meant = parsed(record.obeyed).run
            assert meant in {"", record.run}, f"an order for {meant} was obeyed"
        moved = dict(record.members) != before or held is None or held.phase is not record.phase
        assert record.run == self._run or not moved, "traffic was moved without a signature"
        repaired = record.phase in TERMINAL and other
        now_s, canary = self._world.now_s(), before.get(record.canary, 0)
        self._world.census.demand(record, canary, now_s, self.BLIND_S)
        for version, weight in record.members:
            if weight > before.get(version, 0):
                self._world.demand_ready(version, self.BLIND_S, among_copies=not repaired)

    def _refuse_for_a_while(self) -> None:
        """Callers inside the cluster are there by now, and the version is not the primary yet."""
        now_s = self._world.clock.now_s()
        self._refused_from_s = now_s if self._refused_from_s is None else self._refused_from_s
        if now_s - self._refused_from_s < self._world.scenario.faults.unsettled_s:
            self._world.refused_s = now_s
            raise ClusterError("the API server refuses it for now", retryable=True)
