"""Signs of life in memory: drivers renew whenever the clock moves, unless something stops them.

`Fenced` stands before a driver's ports as the fence stands before its API server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from canary.core.holding import LAPSED, LEASE_S, UNSEEN_S, Sign
from canary.errors import ClusterError, LapsedError, PortError
from tests.fakes.clock import FakeClock

WRITES = frozenset({"write", "remove", "point_to", "scale", "copy", "discard", "hold", "release"})


@dataclass(slots=True)
class FakeLeases:
    """What the Leases of a cluster say: by Lease, by run, when it was vouched for last.

    Implements `canary.ports.Holders`. `faults` are raised by the next reads, one each.
    """

    renewals: dict[str, dict[str, float]] = field(default_factory=dict)
    faults: list[PortError] = field(default_factory=list)

    def sign(self, lease: str, run: str) -> Sign:
        if self.faults:
            raise self.faults.pop(0)
        renewed_s = self.renewals.get(lease, {}).get(run)
        if renewed_s is None:
            return Sign()
        return Sign(beat=f"{renewed_s:.3f}", holder=f"the holder of {lease}", since="noon")


class FakeHeartbeat:
    """Implements `canary.ports.Heartbeat` for one run of a driver.

    Every tick of the clock is a renewal that was there all along; while `works` says no there is
    none. `faults` are raised by the next `begin` or `resume`, one each.
    """

    def __init__(
        self,
        clock: FakeClock,
        leases: FakeLeases,
        *,
        lease: str = "test/canary-1",
        run: str = "r1",
    ) -> None:
        self.lease = lease
        self.run = run
        self.lapsed = False
        self.works: Callable[[], bool] = lambda: True
        self.faults: list[PortError] = []
        self._clock = clock
        self._leases = leases
        self._looked_s = self._confirmed_s = 0.0
        self._vouching = False
        clock.on_tick.append(lambda _: self._tick())

    def begin(self) -> str:
        self._raise_fault()
        self._confirm()
        self._vouching = True
        return self.lease

    def beat(self) -> None:
        self._looked_s = self._clock.now_s()

    def lapse(self) -> str:
        return LAPSED if self._vouching and self.lapsed else ""

    def resume(self) -> None:
        if self.lapse():
            self._raise_fault()
            self._confirm()
            self.lapsed = False

    def end(self) -> None:
        """The process is gone, or the run has ended."""
        self._vouching = False

    @property
    def dead(self) -> bool:
        """Whether the driver itself knows, or would if it were asked, that others may take over."""
        long_ago = self._clock.now_s() - self._confirmed_s >= LEASE_S
        return self.lapsed or long_ago or not self._vouching

    def demand(self) -> None:
        if text := self.lapse():
            raise LapsedError(f"nothing more is written: {text}")

    def _confirm(self) -> None:
        if not self.works():
            raise ClusterError("the API server did not answer", retryable=True)
        self._confirmed_s = self._looked_s = self._clock.now_s()
        self._leases.renewals.setdefault(self.lease, {})[self.run] = self._confirmed_s

    def _tick(self) -> None:
        now_s = self._clock.now_s()
        if not self._vouching or self.lapsed:
            return
        if self.works() and now_s - self._looked_s <= UNSEEN_S:
            self._confirmed_s = now_s
            self._leases.renewals[self.lease][self.run] = now_s
        elif now_s - self._confirmed_s >= LEASE_S:
            self.lapsed = True

    def _raise_fault(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


class Fenced:
    """A port whose writes raise LapsedError once the driver's lease has lapsed."""

    def __init__(self, port: object, heartbeat: FakeHeartbeat) -> None:
        self._port = port
        self._heartbeat = heartbeat

    def __getattr__(self, method: str) -> Any:
        called = getattr(self._port, method)
        if method not in WRITES:
            return called

        def fenced(*args: Any, **kwargs: Any) -> Any:
            self._heartbeat.demand()
            return called(*args, **kwargs)

        return fenced
