"""A whole world behind the ports: one app, its versions, its users, and a clock that only waits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from canary import engine
from canary.core.plan import Plan
from canary.core.record import BASELINE, Phase, Record
from canary.core.report import Report
from canary.core.seen import HookType
from canary.errors import CanaryError
from canary.ports import Apex, Autoscalers, Fleet, Ports, Router
from tests.core.timeline import PLAN
from tests.fakes.apex import FakeApex
from tests.fakes.autoscalers import FakeAutoscalers
from tests.fakes.clock import FakeClock
from tests.fakes.driver import FakeDriver
from tests.fakes.fleet import FakeFleet
from tests.fakes.heartbeat import FakeHeartbeat, FakeLeases, Fenced
from tests.fakes.hooks import FakeHooks
from tests.fakes.journal import FakeJournal
from tests.fakes.metrics import FakeMetrics
from tests.fakes.readings import FakeReadings
from tests.fakes.router import FakeRouter, FakeTraffic
from tests.fakes.traffic import Behaviour, Traffic

OWNER = "0123456789abcdef"
OLD, NEW = "aaaaaaaaaa", "bbbbbbbbbb"
GOOD = Behaviour()
BAD = Behaviour(errors=1.0)
SLOW = Behaviour(latency=((1.2, 1.0),))


class World:
    """Built with the old version serving, unless `first`; `release` runs one update."""

    def __init__(
        self,
        *,
        new: Behaviour = GOOD,
        old: Behaviour = GOOD,
        traffic: Traffic | None = None,
        hooks: Mapping[HookType, list[object]] | None = None,
        first: bool = False,
        seed: int = 0,
    ) -> None:
        self.clock = FakeClock()
        self.fleet = FakeFleet(self.clock.now_s, self._routed)
        self.traffic = FakeTraffic(
            now_s=self.clock.now_s,
            lag_s=0.05,
            deployed=lambda: set(self.fleet.versions),
            up=self.fleet.up,
        )
        self.autoscalers = FakeAutoscalers(self.fleet)
        self.apex = FakeApex(up=self.fleet.up)
        self.driver = FakeDriver(clock=self.clock)
        self.leases = FakeLeases()
        self.heartbeat = self.heartbeat_of("r1")
        self.hooks = FakeHooks(self.clock, hooks)  # type: ignore[arg-type]
        self.journal = FakeJournal(clock=self.clock)
        self.readings = FakeReadings(self.clock)
        self.router: Callable[[FakeTraffic], FakeRouter] = FakeRouter
        self.history: list[tuple[float, dict[str, int]]] = []
        self.clock.on_tick.append(lambda _: self.remember())
        if not first:
            self._serve_old()
        self.fleet.deploy(NEW, 0, start_s=2.0)
        self.metrics = FakeMetrics(
            self.clock,
            self.weights_at,
            {OLD: old, NEW: new, BASELINE: old},
            traffic=traffic or Traffic(),
            seed=seed,
        )
        self.clock.advance(60.0)

    def release(self, plan: Plan = PLAN, version: str = NEW, run: str = "r1") -> Record:
        self.heartbeat = self.heartbeat_of(run)
        request = engine.Request(
            app="podinfo",
            namespace="test",
            owner=OWNER,
            run=run,
            version=version,
            image=f"podinfo:{version[0]}",
        )
        try:
            return engine.release(request, plan, self.ports)
        finally:
            self.heartbeat.end()

    def heartbeat_of(self, run: str) -> FakeHeartbeat:
        """That of a driver for a run of its own."""
        return FakeHeartbeat(self.clock, self.leases, lease=f"test/canary-{run}", run=run)

    def outcome(self, plan: Plan = PLAN, version: str = NEW, run: str = "r1") -> str:
        """What the update would print: the error's line, or the record's phase."""
        try:
            return self.release(plan, version, run).phase.value
        except CanaryError as error:
            return f"{type(error).__name__}: {error}"

    @property
    def ports(self) -> Ports:
        return Ports(
            router=cast("Router", Fenced(self.router(self.traffic), self.heartbeat)),
            apex=cast("Apex", Fenced(self.apex, self.heartbeat)),
            fleet=cast("Fleet", Fenced(self.fleet, self.heartbeat)),
            autoscalers=cast("Autoscalers", Fenced(self.autoscalers, self.heartbeat)),
            metrics=self.metrics,
            readings=self.readings,
            hooks=self.hooks,
            driver=self.driver,
            heartbeat=self.heartbeat,
            holders=self.leases,
            clock=self.clock,
            journal=self.journal,
        )

    @property
    def report(self) -> Report:
        return self.journal.reports[-1]

    @property
    def routed(self) -> dict[str, int]:
        """What Traefik routes in the end, with the written lists agreeing."""
        self.clock.advance(1.0)
        plain, shielded = self.traffic.live()
        assert plain == shielded == self.traffic.plain == self.traffic.shielded
        return plain

    def weights_at(self, at_s: float) -> dict[str, int]:
        """What Traefik routed at a moment of the past."""
        index = bisect_right(self.history, at_s, key=lambda entry: entry[0])
        return self.history[index - 1][1] if index else {}

    def remember(self) -> None:
        plain, _ = self.traffic.live()
        copied = dict.fromkeys({self.traffic.routed_copies_to} - {""}, 0)
        if not self.history or self.history[-1][1] != {**plain, **copied}:
            self.history.append((self.clock.now_s(), {**plain, **copied}))

    def at(self, at_s: float, action: object) -> None:
        """Do something once the clock reaches this many seconds after the release began."""
        due_s, pending = self.clock.now_s() + at_s, [action]

        def tick(now_s: float) -> None:
            if now_s >= due_s and pending:
                pending.pop()()  # type: ignore[operator]

        self.clock.on_tick.append(tick)

    def _serve_old(self) -> None:
        self.fleet.deploy(OLD, 2)
        record = Record(owner=OWNER, run="r0", primary=OLD, images={OLD: "podinfo:a"})
        self.traffic.change(replace(record, phase=Phase.SUCCEEDED))
        self.apex.point_to(OLD)

    def _routed(self) -> set[str]:
        plain, shielded = self.traffic.live()
        return {*plain, *shielded, self.traffic.routed_copies_to, self.apex.selected}


def refuse(world: World, phase: Phase, *errors: Exception) -> None:
    """The next writes of a record in this phase end in these errors, one each."""
    pending = list(errors)

    class Refusing(FakeRouter):
        def write(self, record: Record) -> None:
            if record.phase is phase and pending:
                raise pending.pop(0)
            super().write(record)

    world.router = Refusing
