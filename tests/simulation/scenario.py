"""What can happen to a run, drawn from a seed: the same seed is always the same story."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Any

from canary.core.gates import CALLS
from canary.core.plan import Check, CheckName, Gate, OnTimeout, Plan, Terms
from canary.core.seen import HookType
from tests.fakes.hooks import Answer
from tests.fakes.traffic import Behaviour, Traffic
from tests.simulation import kinds
from tests.simulation.conduct import WARM_S, draw_canary, draw_hooks, draw_primary, draw_traffic


class Happening(StrEnum):
    """What may happen at some moment of a run."""

    CANARY_CRASH_LOOPS = "the canary crash-loops"
    CANARY_UNREADY = "the canary is not ready any more"
    CANARY_SHORT = "one pod of the canary is lost"
    PRIMARY_DIES = "the primary loses all pods"
    PRIMARY_BLINKS = "the primary loses all pods and gets them back"
    NODE_DRAINED = "pods of both versions are evicted"
    EDITED = "somebody changes the weights"
    LABELLED = "somebody touches the object, but no weights"
    CLEARED = "somebody deletes the route"
    TAKEN_OVER = "another run takes over"
    INTERRUPTED = "the driver is interrupted"
    FROZEN = "Traefik follows nothing for a while"
    ORDERED = "somebody asks something of the run"
    PROMETHEUS_RESTARTS = "Prometheus forgets everything"


NEVER_FIRST = frozenset({Happening.EDITED, Happening.TAKEN_OVER})  # there is no route yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The engine's process fails at the `call`-th call of a port; `deadly` when it is killed.

    With `effects` calls that change nothing do not count, so that it fails between two effects.
    """

    call: int
    deadly: bool
    effects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The engine's process is stopped for a while, before the `call`-th call of a port."""

    call: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What befalls the driver's calls of ports, which are numbered from 1 on.

    Answers to writes are `lost`; any answer may be `late_s` seconds late, and a read be answered as
    it was a moment ago (`stale`). At `visit_call` a second driver comes and carries out an update:
    while this one is stopped, if it is `pause`d there. `visitor` is what befalls the second. The
    record of a promotion is refused for `unsettled_s` seconds.
    """

    crash: Crash | None = None
    pause: Pause | None = None
    lost: frozenset[int] = frozenset()
    late_s: Mapping[int, float] = field(default_factory=dict)
    stale: frozenset[int] = frozenset()
    visit_call: int = 0
    visitor: Crash | None = None
    unsettled_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story. Seconds count from the release's begin.

    `lags_s` are how long each replica of Traefik takes to follow a write. A baseline's pods take
    `copy_start_s` to become ready, and are lost at `copy_lost_s`. There is room for `room` pods of
    the canary, of which later ones take `grow_s` more; with `autoscaled` both versions have an
    autoscaler, which wants few. `orders` are (seconds, text). `first`: nothing serves yet. The
    version was primary until `served_ago_s` before the release. The guard is killed in the middle
    of a restore at `guard_cuts`, as in `FakeGuard`. `back_after_s` seconds after the run's end an
    update asks for the old image.
    """

    seed: int
    quiet: bool
    plan: Plan
    canary: Behaviour
    primary: Behaviour
    traffic: Traffic
    start_s: float
    lags_s: tuple[float, ...]
    hooks: Mapping[HookType, Sequence[Answer]]
    happenings: tuple[tuple[float, Happening], ...] = ()
    api_outages: tuple[tuple[float, float], ...] = ()
    faults: Faults = field(default_factory=Faults)
    guarded: bool = False
    copy_start_s: float = 0.0
    copy_lost_s: float = math.inf
    room: int = 1_000
    grow_s: float = 0.0
    autoscaled: bool = False
    orders: kinds.Orders = ()
    first: bool = False
    served_ago_s: float | None = None
    guard_cuts: tuple[tuple[int, float], ...] = ()
    back_after_s: float | None = None

    @property
    def direct(self) -> bool:
        """Whether the version is to get everything at once."""
        returns = self.served_ago_s is not None and self.served_ago_s < kinds.WINDOW_S
        return self.plan.skip_analysis or self.first or returns

    def asks(self, verb: str) -> bool:
        """Whether somebody asks that of the run."""
        return any(verb in text for _, text in self.orders)

    @property
    def suspended_s(self) -> float:
        """For how long the run may be suspended, all in all."""
        since_s = [at_s for at_s, text in self.orders if "suspend" in text]
        return max(at_s for at_s, _ in self.orders) - min(since_s) if since_s else 0.0

    def has(self, *kinds: Happening) -> bool:
        return any(kind in kinds for _, kind in self.happenings)


def draw(seed: int) -> Scenario:
    """The scenario of a seed; one in six is without any disturbance."""
    random = Random(seed)
    quiet = random.random() < 1 / 6
    plan = replace(_plan(random, quiet=quiet), evidence=Terms() if seed % 2 else None)
    plan = replace(plan, mirror_percent=100 if seed % 7 == 0 else 0)
    plan = replace(plan, baseline=seed % 7 in {3, 4})
    if seed % 7 in {1, 2} or seed % 21 == 7:
        plan = replace(plan, weights=(0,) * len(plan.weights), previewed=seed % 7 == 1)
    plan = kinds.of_kind(seed, replace(plan, **_sizes(seed)), quiet=quiet)
    length_s = plan.shortest_s + 20
    lags = tuple(random.choice((0.02, 0.1, 1.9)) for _ in range(random.choice((1, 1, 2, 3))))
    calm = Scenario(
        seed=seed,
        quiet=quiet,
        plan=plan,
        canary=Behaviour() if quiet else draw_canary(random, length_s),
        primary=Behaviour() if quiet else draw_primary(random),
        traffic=draw_traffic(random, plan, lags, quiet=quiet),
        start_s=random.choice((0.0, 1.0, 5.0)) if quiet else random.choice((0.0, 2.0, 9.0, 1e9)),
        lags_s=lags,
        hooks=draw_hooks(random, plan, quiet=quiet),
        guarded=seed % 3 > 0,
        copy_start_s=Random(f"copy {seed}").choice((0.0, 1.0, 5.0)),
        autoscaled=plan.most_replicas > 0,
        first=kinds.draw_first(seed),
        served_ago_s=kinds.draw_served_ago_s(seed, plan),
        guard_cuts=kinds.draw_cuts(seed),
        back_after_s=kinds.draw_back_after_s(seed),
    )
    calm = replace(calm, grow_s=_grow_s(calm))
    return calm if quiet else _disturbed(random, calm, length_s)


def _grow_s(calm: Scenario) -> float:
    """Without any disturbance no pod is too late for the run's patience."""
    grow_s = Random(f"grow {calm.seed}").choice((0.0, 4.0, 8.0, 14.0)) * calm.plan.proportional
    late = calm.start_s + grow_s >= calm.plan.progress_deadline_s
    return 0.0 if calm.quiet and late else grow_s


def _sizes(seed: int) -> dict[str, Any]:
    """Of every five stories one has a canary that grows, and one versions that are autoscaled."""
    if seed % 5 == 1:
        return {"replicas": 4, "proportional": True, "headroom_percent": (0, 50)[seed % 2]}
    if seed % 5 == 3:
        return {"most_replicas": 6, "proportional": seed % 2 == 0}
    return {}


def _disturbed(random: Random, calm: Scenario, length_s: float) -> Scenario:
    count = random.choice((0, 0, 1, 1, 2, 3))
    happenings = [
        (random.uniform(0, length_s), random.choice(list(Happening))) for _ in range(count)
    ]
    outages = [random.uniform(0, length_s) for _ in range(random.choice((0, 0, 0, 1, 2)))]
    if not outages:
        happenings += _lost(Random(f"lost {calm.seed}"), length_s)
    lost = random.sample(range(1, 400), random.choice((0, 0, 5, 40)))
    if calm.first:
        happenings = [one for one in happenings if one[1] not in NEVER_FIRST]
    asked_s = [at_s for at_s, kind in happenings if kind is Happening.ORDERED]
    crash = Crash(call=int(400 * random.random() ** 2) + 1, deadly=random.random() < 0.7)
    calm = replace(
        _copied(calm, length_s),
        happenings=tuple(sorted(happenings)),
        orders=kinds.draw_orders(calm.seed, asked_s, length_s),
        api_outages=tuple((at, at + random.choice((0.5, 3, 9, 12, 45, 200))) for at in outages),
    )
    faults = Faults(
        lost=frozenset(lost),
        crash=crash if random.random() < 0.35 else None,
        pause=_pause(random),
    )
    return replace(calm, faults=_more(Random(f"faults of {calm.seed}"), faults))


def _lost(random: Random, length_s: float) -> list[tuple[float, Happening]]:
    """A canary without a ready pod while it has traffic is rare among so many other things."""
    at_s = random.uniform(0, length_s)
    return [(at_s, Happening.CANARY_UNREADY)] if random.random() < 0.15 else []


def _more(random: Random, faults: Faults) -> Faults:
    """Late and stale answers, and a second driver: most often while the first one is stopped."""
    late = random.sample(range(1, 400), random.choice((0, 0, 0, 3)))
    stale = random.sample(range(1, 400), random.choice((0, 0, 0, 40)))
    call = int(600 * random.random() ** 2) + 1
    if faults.pause and random.random() < 0.5:
        call = faults.pause.call
    crash = Crash(call=random.randint(1, 200), deadly=True)
    if faults.crash and random.random() < 0.5:
        effect = Crash(call=random.randint(1, 14), deadly=faults.crash.deadly, effects=True)
        faults = replace(faults, crash=effect)
    return replace(
        faults,
        late_s={number: random.choice((1.0, 4.0, 9.0)) for number in late},
        stale=frozenset(stale),
        visit_call=call if random.random() < 0.2 else 0,
        visitor=crash if random.random() < 0.3 else None,
        unsettled_s=random.choice((4.0, 20.0)) if random.random() < 0.1 else 0.0,
    )


def _copied(calm: Scenario, length_s: float) -> Scenario:
    """Drawn apart: a strategy that not every run has leaves the others' stories as they were."""
    random = Random(f"copied {calm.seed}")
    lost_s = WARM_S + random.uniform(0, length_s)
    start_s = random.choice((0.0, 2.0, 9.0, 9.0, 1e9))
    lost_s = lost_s if random.random() < 0.2 else math.inf
    room = random.choice((1, 2, 3)) if random.random() < 0.15 else calm.room
    return replace(calm, copy_start_s=start_s, copy_lost_s=lost_s, room=room)


def _pause(random: Random) -> Pause | None:
    pause = Pause(call=int(800 * random.random()) + 1, seconds=random.choice((3.0, 9.0, 60.0)))
    return pause if random.random() < 0.3 else None


def _plan(random: Random, *, quiet: bool) -> Plan:
    scrape_s = random.choice((1.0, 2.0))
    interval_s = random.choice((4.0, 6.0, 10.0))
    success = Check(name=CheckName.SUCCESS_RATE, bound=99.0, strict=random.random() < 0.2)
    duration = Check(name=CheckName.DURATION, bound=500.0, edge_s=0.5)
    hooks = [kind.value for kind in HookType if random.random() < 0.3]
    return Plan(
        weights=random.choice(((10, 50), (5, 10, 20), (50,), (20, 40, 60, 80))),
        interval_s=interval_s,
        threshold=random.choice((1, 2, 3)),
        checks=random.choice(((success,), (success, duration))),
        min_requests=2 if quiet else random.choice((2, 5, 40)),
        warm_up_s=random.choice((0.0, 0.0, 3.0)),
        soak_s=random.choice((4.0, interval_s)),
        drain_s=random.choice((0.0, 5.0)),
        progress_deadline_s=random.choice((15.0, 40.0)),
        inconclusive_deadline_s=random.choice((12.0, 30.0)),
        promote_inconclusive=not quiet and random.random() < 0.1,
        max_duration_s=600.0 if quiet else random.choice((60.0, 200.0, 600.0)),
        poll_s=scrape_s,
        scrape_s=scrape_s,
        skip_analysis=not quiet and random.random() < 0.08,
        replicas=2,
        canary_ready_percent=random.choice((50, 100)),
        hooks=frozenset(hooks),
        gates={kind: _gate(random) for kind in CALLS if kind.value in hooks},
    )


def _gate(random: Random) -> Gate:
    return Gate(timeout_s=random.choice((5.0, 15.0)), then=random.choice(tuple(OnTimeout)))
