"""The vocabulary of a run: where it is, what was seen, what to do next and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from canary.core.counts import Window
from canary.core.custom import Reading
from canary.core.evidence import Evidence
from canary.core.record import Phase
from canary.core.seen import HookResult, HookType, Live, Pods
from canary.core.share import baseline_share, share_text
from canary.core.size import Size
from canary.core.verdicts import Verdict


class Course(StrEnum):
    """How a version gets its traffic."""

    JUDGED = "judged"  # step by step, every step judged
    FIRST = "first"  # nothing serves yet
    DIRECT = "direct"  # at once when ready: the analysis is skipped, or the primary is dead


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything the next decision depends on besides what is seen.

    Times are the clock's monotonic seconds. `entered_s` is when the phase began or the weight was
    last changed; `retreated_s` when the run began to roll back. `mirror_percent` tells of how many
    requests the canary gets a copy, which is before the first weight alone. `exposed`: requests
    that a rule picks go to the canary, in one of `iterations` bakes or before. `baseline`: beside
    the canary there is a fresh copy of the primary, which it is compared with. `baked_from_s` is
    when the weight was first seen live on every replica, None before; `traffic_from_s` the same for
    the first weight, or for copies. `held_s` is when the first bake at this weight ended that both
    versions spoilt.
    `gate` is the one that holds the run, since `gate_from_s`, last called at `gate_asked_s`;
    `passed` are the gates that were opened for the next weight.
    `gate_opened` is who approved it. `suspended` is who suspended the run, at `suspended_s`;
    `hurried` who asked for its promotion; `obeyed` the order that was obeyed last.
    `exits` are the canary's container exits when its traffic began; `size` how many pods it has.
    `stranded`: when last seen, the primary had no ready pods, and the canary or the baseline had.
    `cause` is why the run rolls back; `stopped` that the driver, not the canary, is the cause;
    `doubt` why traffic may not be back on the primary all the same.
    """

    phase: Phase = Phase.PREPARING
    course: Course = Course.JUDGED
    began_s: float
    entered_s: float
    retreated_s: float = 0.0
    step: int = -1
    weight_percent: int = 0
    mirror_percent: int = 0
    exposed: bool = False
    iterations: int = 0
    baseline: bool = False
    baked_from_s: float | None = None
    held_s: float | None = None
    traffic_from_s: float | None = None
    failed_checks: int = 0
    exits: int = 0
    size: Size = field(default_factory=Size)
    unready_since_s: float | None = None
    short_since_s: float | None = None
    hook_failed_s: float | None = None
    gate: HookType | None = None
    gate_from_s: float = 0.0
    gate_asked_s: float = 0.0
    passed: frozenset[HookType] = frozenset()
    gate_opened: str = ""
    suspended: str = ""
    suspended_s: float = 0.0
    hurried: str = ""
    obeyed: str = ""
    stranded: bool = False
    cause: str = ""
    stopped: bool = False
    doubt: str = ""

    @property
    def has_requests(self) -> bool:
        """Whether the canary is sent any to be judged by, be they copies or picked by a rule."""
        return self.weight_percent > 0 or self.mirror_percent > 0 or self.iteration > 0

    @property
    def baseline_percent(self) -> int:
        """The baseline's share of the requests, 0..50."""
        return baseline_share(self.weight_percent) if self.baseline else 0

    @property
    def iteration(self) -> int:
        """Which one this is, from 1 on; 0: none."""
        return self.step + 1 if self.exposed and not self.weight_percent else 0

    @property
    def passed_already(self) -> bool:
        """Whether the bake before this one has passed, and a gate or pods are waited for."""
        return self.gate is not None or self.size.awaited_s is not None

    @property
    def share(self) -> str:
        """What the canary is sent, in words."""
        if self.iteration:
            return f"iteration {self.iteration} of {self.iterations}"
        return share_text(self.weight_percent, self.mirror_percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the outside world looked like at one look.

    `canary` and `primary` are None when the API server did not answer, `baseline` also when the run
    has none. `window` holds the requests
    since the bake began, None before; `evidence` what speaks against the canary since its first
    traffic, None when none is gathered. `fresh` is true when Prometheus answered at this look.
    `readings` are the last answers of custom metrics during this bake, by name.
    `stop` says why the driver wants to end, `foreign` who changed what belongs to the run.
    `order` is what somebody asks of run `run`, as written.
    """

    now_s: float
    canary: Pods | None = None
    primary: Pods | None = None
    baseline: Pods | None = None
    live: Live = field(default_factory=lambda: Live(confirmed=False))
    window: Window | None = None
    evidence: Evidence | None = None
    fresh: bool = False
    metrics_error: str = ""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    hooks: Mapping[HookType, HookResult] = field(default_factory=dict)
    stop: str = ""
    foreign: str = ""
    order: str = ""
    run: str = ""


class Effect(StrEnum):
    """What the engine does after a decision, in the order listed there."""

    SHIFT = "shift"  # write the state's weight
    RESTORE = "restore"  # all traffic to the primary
    SETTLE = "settle"  # the canary becomes the primary: apex first, then the record
    CLOSE = "close"  # the record says that the run has ended
    DROP_BASELINE = "drop-baseline"  # its pods go once nothing routes to them
    STOP_CANARY = "stop-canary"
    SCALE = "scale"  # the canary gets the pods that were asked for
    CALL_PRE_ROLLOUT = "call pre-rollout"
    CALL_ROLLOUT = "call rollout"
    CALL_CONFIRM_ROLLOUT = "call confirm-rollout"
    CALL_CONFIRM_TRAFFIC_INCREASE = "call confirm-traffic-increase"
    CALL_CONFIRM_PROMOTION = "call confirm-promotion"
    OPEN_WINDOW = "open-window"  # count requests from now on
    PERSIST = "persist"  # the record says the state's phase; weights stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The next state, the effects that lead there, and why.

    `wait_s` is how long nothing needs to be looked at. `loud` decisions get a permanent line.
    `verdicts` are what a finished bake was judged by.
    """

    state: State
    reason: str
    effects: tuple[Effect, ...] = ()
    wait_s: float = 1.0
    loud: bool = False
    verdicts: tuple[Verdict, ...] = ()
