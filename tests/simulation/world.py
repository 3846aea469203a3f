"""The world of one scenario: what happens happens whenever the clock passes its moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from typing import NamedTuple, cast

from canary.core.record import BASELINE, Phase, Record
from canary.ports import Ports, Router
from tests.engine.world import NEW, OLD, OWNER, World
from tests.fakes.driver import FakeDriver
from tests.fakes.fleet import Deployed
from tests.fakes.guard import FakeGuard
from tests.fakes.heartbeat import FakeHeartbeat
from tests.fakes.hooks import FakeHooks
from tests.fakes.journal import FakeJournal
from tests.fakes.traffic import Behaviour
from tests.simulation.census import Census
from tests.simulation.conduct import WARM_S
from tests.simulation.interference import Death, Interference
from tests.simulation.scenario import Faults, Happening, Scenario
from tests.simulation.stranding import Stranding
from tests.simulation.watched import Watched

DOWN = Behaviour(errors=1.0)
FOREIGN = (Happening.EDITED, Happening.CLEARED, Happening.TAKEN_OVER)


class _Answers(Mapping[str, Behaviour]):
    """How versions answer now: one without ready pods answers nothing but 5xx."""

    def __init__(self, world: SimulatedWorld, behaviours: Mapping[str, Behaviour]) -> None:
        self._world = world
        self._behaviours = behaviours

    def __getitem__(self, version: str) -> Behaviour:
        return self._behaviours[version] if version in self._world.fleet.up() else DOWN

    def __iter__(self) -> Iterator[str]:
        return iter(self._behaviours)

    def __len__(self) -> int:
        return len(self._behaviours)


class Driver(NamedTuple):
    """A process that carries out one update."""

    heartbeat: FakeHeartbeat
    interference: Interference


class SimulatedWorld(World):
    """`release` runs one update as a driver of its own."""

    def __init__(self, scenario: Scenario) -> None:
        self.crew: list[Driver] = []
        super().__init__(
            new=scenario.canary,
            old=scenario.primary,
            traffic=scenario.traffic,
            hooks=scenario.hooks,  # type: ignore[arg-type]
            seed=scenario.seed,
            first=scenario.first,
        )
        self._found(scenario)
        self.scenario = scenario
        self.outages = scenario.api_outages
        self.pending = [(WARM_S + at_s, kind) for at_s, kind in scenario.happenings]
        self.orders = [(WARM_S + at_s, text) for at_s, text in scenario.orders]
        self.later: list[tuple[float, object, dict[str, object]]] = []
        self.meddled_s = self.refused_s = float("-inf")
        self.visit_s = 0.0
        self.wrote: object = None  # which driver wrote lists and record last
        self._stranding = Stranding(sum(scenario.faults.late_s.values()))
        self.interference = Interference(self, scenario.faults)
        self.crew = [Driver(self.heartbeat, self.interference)]
        self.seen_up_s = dict.fromkeys((OLD, NEW, BASELINE), float("-inf"))
        self.fleet.copy_start_s = scenario.copy_start_s
        self.fleet.versions[NEW].start_s = scenario.start_s
        self.census = Census(scenario, self.fleet)
        self.traffic.lag_s = max(scenario.lags_s)
        kinds = {OLD: scenario.primary, NEW: scenario.canary, BASELINE: scenario.primary}
        answers = _Answers(self, kinds)
        for replica in self.metrics.replicas:
            replica.behaviours = answers
        self.clock.on_tick.insert(0, self._happen)
        self.guard: FakeGuard | None = None
        if scenario.guarded:
            self.guard = FakeGuard(self.clock, self.traffic, self.apex, self.leases, self.fleet)
            self.guard.down = self.down
            self.guard.cuts = list(scenario.guard_cuts)
            self.guard.alive = lambda run: run in {driver.heartbeat.run for driver in self._alive()}

    def _found(self, scenario: Scenario) -> None:
        """What is there before the release: nothing that serves, or a version that has left."""
        if scenario.first:
            self.fleet.deploy(OLD)  # a version like any other: nothing was released yet
        record, ago_s = self.traffic.record, scenario.served_ago_s
        if record is not None and ago_s is not None:
            self.traffic.change(replace(record, former={NEW: self.clock.wall_s() - ago_s}))

    @property
    def ports(self) -> Ports:
        """Interfered with, and a driver's own: only the cluster is shared with the next one."""
        plain = super().ports
        watched = replace(plain, router=cast("Router", Watched(self, plain.router)))
        over = {
            field.name: self.interference.over(field.name, getattr(watched, field.name))
            for field in fields(watched)
        }
        return replace(plain, **over)

    def heartbeat_of(self, run: str) -> FakeHeartbeat:
        """Renewals do not get through an outage, and a process that is stopped makes none."""
        heartbeat = super().heartbeat_of(run)
        if self.crew:  # the first one, which the world makes for itself, carries nothing out
            interference = self.interference
            heartbeat.works = lambda: not self.down() and not interference.stopped
            self.crew.append(Driver(heartbeat, interference))
        return heartbeat

    def now_s(self) -> float:
        return self.clock.now_s()

    def let_pass(self, seconds: float) -> None:
        self.clock.advance_slowly(seconds)

    def rivals(self, of: Interference) -> list[str]:
        """Other runs that are unfinished, and whose drivers have not been given up."""
        record = self.traffic.record
        runs = [driver.heartbeat.run for driver in self._alive() if driver.interference is not of]
        return [run for run in runs if record and record.unfinished and record.run == run]

    def visit(self) -> None:
        """A second driver carries out an update of its own, from elsewhere."""
        began_s = self.clock.now_s()
        faults = Faults(crash=self.scenario.faults.visitor)
        with suppress(Death):
            self.elsewhere((OLD, NEW)[self.scenario.seed % 2], "r5", faults)
        self.visit_s += self.clock.now_s() - began_s

    def elsewhere(self, version: str, run: str, faults: Faults) -> tuple[str, FakeJournal]:
        """What another driver's update prints, and its journal.

        Raises:
            Death: it was killed.
        """
        mine = (self.interference, self.heartbeat)
        told = (self.journal, self.hooks, self.driver)
        self.journal, self.hooks = FakeJournal(clock=self.clock), FakeHooks(self.clock)
        self.driver = FakeDriver(clock=self.clock)
        self.interference = Interference(self, faults)
        journal = self.journal
        try:
            plan = replace(self.scenario.plan, hooks=frozenset(), gates={})
            return self.outcome(plan, version, run), journal
        finally:
            self.interference, self.heartbeat = mine
            self.journal, self.hooks, self.driver = told

    def _alive(self) -> list[Driver]:
        return [driver for driver in self.crew if not driver.heartbeat.dead]

    def down(self) -> bool:
        """Whether the API server is."""
        now_s = self.clock.now_s()
        self.refused_s = now_s if self._is_out(now_s) else self.refused_s
        return self._is_out(now_s)

    def _is_out(self, now_s: float) -> bool:
        return any(begin_s <= now_s - WARM_S < end_s for begin_s, end_s in self.outages)

    def _is_able(self, now_s: float) -> bool:
        """Whether the run on the record is at work, and neither it nor the API server sleeps."""
        faults, record = self.scenario.faults, self.traffic.record
        at_work = [driver for driver in self._alive() if not driver.interference.dead]
        known = record is not None and record.run in {driver.heartbeat.run for driver in at_work}
        return known and not (faults.pause or faults.visit_call or self._is_out(now_s))

    def heal(self) -> None:
        """Whatever was broken around the versions works again; a new driver may be started."""
        self.pending.clear()
        self.orders.clear()
        self.traffic.order = ""
        self.outages = ()
        self.traffic.frozen = False
        self.fleet.versions[NEW].room = 1_000
        self.driver.interrupted_at_s = None
        self.interference = Interference(self)
        for _, thing, changes in self.later:
            _change(thing, changes)
        self.later.clear()
        self.clock.advance(15.0)

    def demand_ready(self, version: str, blind_s: float, *, among_copies: bool) -> None:
        """A baseline is no version to stay with, once nobody is there to keep it up."""
        up = self.fleet.up() if among_copies else self.fleet.up() - {BASELINE}
        if version == BASELINE and OLD not in up:
            return  # these requests come from a primary that is down as well
        recently = self.clock.now_s() - self.seen_up_s[version] <= blind_s
        assert version in up or not up or recently, f"traffic moved to {version}, which is down"

    def _happen(self, now_s: float) -> None:
        for replica in self.metrics.replicas:
            replica.advance(now_s)
        while self.pending and self.pending[0][0] <= now_s:
            self._do(self.pending.pop(0)[1], now_s)
        while self.orders and self.orders[0][0] <= now_s:
            text = self.orders.pop(0)[1]
            if self.traffic.record is not None:  # else there is nothing to write it on
                self.traffic.ordered(text)
        for due in [due for due in self.later if due[0] <= now_s]:
            self.later.remove(due)
            _change(due[1], due[2])
        if now_s >= self.scenario.copy_lost_s:
            self.fleet.versions.get(BASELINE, Deployed()).ready = 0
        up, able = self.fleet.up(), self._is_able(now_s)
        self.seen_up_s |= dict.fromkeys(up, now_s)
        self._stranding.look(now_s, self.traffic.record, self.traffic.plain, up, able=able)
        self.census.count(now_s, self.traffic.record)
        running = any(deployed.replicas for deployed in self.fleet.versions.values())
        assert running or self.scenario.first, "all stopped"

    def _do(self, kind: Happening, now_s: float) -> None:
        if kind in FOREIGN:
            self.meddled_s = now_s
        old, new = self.fleet.versions[OLD], self.fleet.versions[NEW]
        match kind:
            case Happening.CANARY_CRASH_LOOPS:
                self._crash_loop(new, now_s)
            case Happening.CANARY_UNREADY:
                new.ready, new.trouble = 0, "readiness probe answers 500"
            case Happening.CANARY_SHORT:
                new.ready = 1
            case Happening.PRIMARY_DIES:
                old.ready = 0
            case Happening.PRIMARY_BLINKS:
                self._away(old, now_s, 20.0)
            case Happening.NODE_DRAINED:
                self._away(old, now_s, 10.0)
                self._away(new, now_s, 8.0)
                self._away(self.fleet.versions.get(BASELINE, Deployed()), now_s, 9.0)
            case _:
                self._meddle(kind, now_s)

    def _meddle(self, kind: Happening, now_s: float) -> None:
        match kind:
            case Happening.EDITED:
                self.traffic.edited({OLD: 40, NEW: 60} if NEW in self.fleet.up() else {OLD: 99})
            case Happening.LABELLED:
                self.traffic.revision += 1
            case Happening.CLEARED:
                self.traffic.clear()
            case Happening.TAKEN_OVER:
                theirs = Record(owner=OWNER, run="r9", phase=Phase.PREPARING, primary=OLD)
                self.traffic.taken_over(replace(theirs, images={OLD: "podinfo:a"}))
            case Happening.INTERRUPTED:
                self.driver.interrupted_at_s = now_s
            case Happening.FROZEN:
                self.traffic.frozen = True
                thaw_s = now_s + (5.0, 90.0)[self.scenario.seed % 2]
                self.later.append((thaw_s, self.traffic, {"frozen": False}))
            case Happening.PROMETHEUS_RESTARTS:
                self._forget()

    def _forget(self) -> None:
        """Prometheus comes back without what it had."""
        for replica in self.metrics.replicas:
            replica.scrapes.clear()

    def _crash_loop(self, deployed: Deployed, now_s: float) -> None:
        for n in range(8):
            self.later.append((now_s + 10 * n, deployed, {"ready": 0, "exits": n + 1}))
            self.later.append((now_s + 10 * n + 4, deployed, {"ready": None}))

    def _away(self, deployed: Deployed, now_s: float, seconds: float) -> None:
        deployed.ready, deployed.disturbed = 0, True
        self.later.append((now_s + seconds, deployed, {"ready": None, "disturbed": False}))

    def _routed(self) -> set[str]:
        """What any replica may route to; what somebody else did is not held against the engine."""
        if self.clock.now_s() - self.meddled_s <= self.traffic.lag_s + 1.0:
            return set()
        return {*super()._routed(), *self.traffic.plain, *self.traffic.shielded}


def _change(thing: object, changes: Mapping[str, object]) -> None:
    for name, value in changes.items():
        setattr(thing, name, value)
