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
FAILED_TTL_S = 20.0  # an hour, in the haste of a simulation


class FakeGuard:
    """Looks whenever the clock moves, every two seconds at most, unless the API server is `down`.

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
        self._clock = clock
        self._traffic = traffic
        self._apex = apex
        self._leases = leases
        self._fleet = fleet
        self._watch: decisions.Watch | None = None
        self._looked_s = float("-inf")
        self._failed: tuple[Record | None, float] = (None, 0.0)
        clock.on_tick.append(self._tick)

    def _tick(self, now_s: float) -> None:
        if now_s - self._looked_s < POLL_S or self.down():
            return
        self._looked_s = now_s
        record = self._traffic.record
        if self.restores and record == self.restores[-1]:
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
        others = decisions.beside(json.loads(record.to_json()))
        up = self._fleet.up()
        if not decisions.may_restore(record.primary in up, sum(other in up for other in others)):
            return
        assert not self.alive(record.run), f"the guard acted on the living run {record.run}"
        moved = record.primary in up or not any(other in up for other in others)
        assert moved, f"the guard moved traffic to {record.primary}, which is down"
        raw = decisions.restored(json.loads(record.to_json()), self._clock.wall_s())
        after = Record.from_json(json.dumps(raw))
        self._traffic.taken_over(after, by="canary-guard")
        if self._apex.selected == record.canary:
            self._apex.point_to(record.primary)
        self.restores.append(after)

    def _settle(self, record: Record) -> None:
        """What Traefik does then the guard cannot see: it knows only how long ago the restore was.

        A Traefik that follows nothing for so long is left out of the fake.
        """
        drained = decisions.is_drained(json.loads(record.to_json()), self._clock.wall_s())
        if drained and not self._traffic.frozen and BASELINE in self._fleet.versions:
            self._fleet.discard()

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
