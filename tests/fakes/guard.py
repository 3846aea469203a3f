"""The guard in memory: its own conclusions, carried out on a `FakeTraffic`."""

from __future__ import annotations

import json
from collections.abc import Callable

from canary.core.record import BASELINE, Record
from canary.guard import decisions
from tests.fakes.apex import FakeApex
from tests.fakes.clock import FakeClock
from tests.fakes.fleet import FakeFleet
from tests.fakes.heartbeat import FakeLeases
from tests.fakes.router import FakeTraffic

POLL_S = 2.0
BY = "canary-guard"
FAILED_TTL_S = 20.0  # an hour, in the haste of a simulation


class Killed(Exception):
    """The guard's pod is gone, and with it all that it knew."""


class FakeGuard:
    """Looks whenever the clock moves, every two seconds at most, unless the API server is `down`.

    A restore is one effect after the other: plain list and record, shielded list, what is led to
    the canary beside the weights, the apex, the baseline. `cuts` are (number, seconds), rising: the
    guard is killed before that effect of a restore, and so much later another one goes on, which
    knows nothing.
    `fleet` tells how many endpoints of a version take requests; `alive` whether the driver of a run
    is, which the guard does not know: to act on a living run is refused.
    """

    def __init__(
        self,
        clock: FakeClock,
        traffic: FakeTraffic,
        apex: FakeApex,
        leases: FakeLeases,
        fleet: FakeFleet,
    ) -> None:
        self.down: Callable[[], bool] = lambda: False
        self.alive: Callable[[str], bool] = lambda _: False
        self.restores: list[Record] = []
        self.stops: list[str] = []
        self.cuts: list[tuple[int, float]] = []
        self.killed = 0
        self._clock = clock
        self._traffic = traffic
        self._apex = apex
        self._leases = leases
        self._fleet = fleet
        self._watch: decisions.Watch | None = None
        self._looked_s = float("-inf")
        self._away_until_s = float("-inf")
        self._effects = 0
        self._failed: tuple[Record | None, float] = (None, 0.0)
        clock.on_tick.append(self._tick)

    def _tick(self, now_s: float) -> None:
        if now_s < self._away_until_s or now_s - self._looked_s < POLL_S or self.down():
            return
        self._looked_s = now_s
        try:
            self._look(now_s)
        except Killed:
            self.killed += 1
            self._looked_s, self._watch, self._failed = float("-inf"), None, (None, 0.0)

    def _look(self, now_s: float) -> None:
        record = self._traffic.record
        if record is not None and decisions.is_restored(json.loads(record.to_json())):
            self._settle(record)
        if record is not None:
            self._stop_failed(record, now_s)
        if record is None or not record.unfinished or not record.lease:
            self._watch = None
            return
        beat = self._leases.renewals.get(record.lease, {}).get(record.run)
        look = decisions.Look(run=record.run, beat=str(beat), asked_s=now_s, answered_s=now_s)
        self._watch = decisions.watched(self._watch, look)
        if decisions.expired(self._watch, look) and record.primary:
            self._restore(record)

    def _restore(self, record: Record) -> None:
        if not self._may_move(record):
            return
        assert not self.alive(record.run), f"the guard acted on the living run {record.run}"
        raw = decisions.restored(json.loads(record.to_json()), self._clock.wall_s())
        after = Record.from_json(json.dumps(raw))
        self._effects = 0
        self._do(lambda: self._traffic.swapped(after, by=BY))
        self.restores.append(after)
        self._settle(after)

    def _do(self, effect: Callable[[], None]) -> None:
        """One effect of a restore, unless the guard is killed before it."""
        if self.cuts and self.cuts[0][0] == self._effects + 1:
            self._away_until_s = self._clock.now_s() + self.cuts.pop(0)[1]
            raise Killed
        effect()
        self._effects += 1

    def _may_move(self, record: Record) -> bool:
        """Whether the guard would lead requests to the primary now."""
        others = decisions.beside(json.loads(record.to_json()))
        up = self._fleet.up()
        ready = sum(other in up for other in others)
        may = decisions.may_restore(record.primary in up, ready)
        moved = record.primary in up or not any(other in up for other in others)
        assert moved or not may, f"the guard moved traffic to {record.primary}, which is down"
        return may

    def _settle(self, record: Record) -> None:
        """Finish what the swap of the plain list began, be it this guard's or another's.

        What Traefik does then the guard cannot see: it knows only how long ago the restore was.
        A Traefik that follows nothing for so long is left out of the fake.
        """
        traffic = self._traffic
        if traffic.changed_by == BY and self._may_move(record):
            if traffic.shielded != dict(record.members):
                self._do(lambda: traffic.led(BY))
            if traffic.copies_to:
                self._do(lambda: traffic.unpicked(BY))
            if self._apex.selected == record.canary:
                self._do(lambda: self._apex.point_to(record.primary))
        drained = decisions.is_drained(json.loads(record.to_json()), self._clock.wall_s())
        if drained and not self._traffic.frozen and BASELINE in self._fleet.versions:
            self._do(self._fleet.discard)

    def _stop_failed(self, record: Record, now_s: float) -> None:
        """The fleet refuses to stop what has traffic; what a frozen Traefik routes, nobody sees."""
        version = decisions.failed_version(json.loads(record.to_json()))
        if not version or self._failed[0] != record:
            self._failed = (record, now_s)
            return
        traffic = self._traffic
        led_to = {*traffic.plain, *traffic.shielded, traffic.copies_to, self._apex.selected}
        waiting = now_s - self._failed[1] < FAILED_TTL_S
        if waiting or traffic.frozen or version in led_to - {record.primary}:
            return
        assert not record.unfinished, f"the guard stopped {version} in run {record.run}"
        if self._fleet.stop(version):
            self.stops.append(version)
