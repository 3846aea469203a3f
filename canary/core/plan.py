"""The numbers that shape a run; made once from the configuration, never changed by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from canary.core.custom import CustomCheck
from canary.core.seen import HookType
from canary.core.status import SERVER_ERRORS, Ranges


class CheckName(StrEnum):
    """The builtin checks; the peer's names."""

    SUCCESS_RATE = "request-success-rate"
    DURATION = "request-duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One metric and its bound.

    SUCCESS_RATE: `bound` is the least percent of requests without one of the plan's `bad_status`.
    DURATION: `bound` is the most milliseconds that 99 % of requests may take; `edge_s` is the
    bucket edge used for it, in seconds.
    `strict` drops the allowance for chance: the bound is then read literally, as the peer does.
    `report_only`: what is counted is told and nothing follows from it.
    """

    name: CheckName
    bound: float
    edge_s: float = 0.0
    strict: bool = False
    report_only: bool = False


class Bad(StrEnum):
    """What may be wrong with a request; a narrower kind before the wider one."""

    SERVER_ERROR = "5xx"  # or what `bad_status` says instead
    CLIENT_ERROR = "4xx"
    ERROR = "errors"  # one of both
    SLOW = "slow"  # slower than the bound of request-duration


# The classes in which what a check counts as bad is charged.
_CHARGED: Mapping[CheckName, tuple[Bad, ...]] = {
    CheckName.SUCCESS_RATE: (Bad.SERVER_ERROR, Bad.ERROR),
    CheckName.DURATION: (Bad.SLOW,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is asked of evidence before it ends a run at once.

    `alpha` is the greatest chance (0..1) with which a release that is no worse than allowed may be
    stopped. `odds_ratio` is how many times the primary's odds of a bad request are tolerated.
    `exchangeable` is false where the versions are not sent the same kind of requests: then only the
    checks' bounds count.
    """

    alpha: float = 0.01
    odds_ratio: float = 1.5
    classes: tuple[Bad, ...] = tuple(Bad)
    exchangeable: bool = True


class OnTimeout(StrEnum):
    """What becomes of a run when a gate was not opened in time."""

    FAIL = "fail"
    PASS = "pass"  # noqa: S105  no password
    HOLD = "hold"  # for as long as it takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How long a gate may hold a run, and what follows."""

    timeout_s: float
    then: OnTimeout = OnTimeout.FAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything `decide` needs to know besides what it sees.

    `weights` rise and are the canary's percentages that are judged before it gets everything, e.g.
    (5, 10, …, 50); the last `promotion_steps` of them belong to the promotion, which is confirmed
    before the first of these. Seconds throughout. `replicas` is the settled size of a version.
    `hooks` tells for which types there is at least one webhook, by the peer's type names; `gates`
    has those of them that may hold the run. A version that was primary at most `rollback_window_s`
    ago gets everything at once. `clients_stay`: a client keeps the version that it met, so a weight
    does not tell which share of the requests the canary gets. `mirror_percent`: of so many requests
    a copy goes to the canary, for one bake before the first weight or iteration; its answers are
    judged and thrown away. 0: no such bake.
    A weight of 0 is an iteration: requests that a rule picks go to the canary, all others stay.
    `baseline`: the canary is compared with a fresh copy of the primary instead of the primary.
    `previewed`: these are asked for by a host name that no user has, and may come before the first.
    `proportional`: before each weight the canary gets as many pods as that needs, and
    `headroom_percent` more, else all of them at once. `most_replicas` is up to where an autoscaler
    may go, 0: there is none.
    """

    weights: tuple[int, ...]
    promotion_steps: int = 0
    interval_s: float
    threshold: int
    checks: tuple[Check, ...]
    custom: tuple[CustomCheck, ...] = ()
    bad_status: Ranges = SERVER_ERRORS
    min_requests: int = 6
    warm_up_s: float = 0.0
    soak_s: float
    drain_s: float = 10.0
    progress_deadline_s: float = 600.0
    inconclusive_deadline_s: float
    promote_inconclusive: bool = False
    max_duration_s: float
    poll_s: float = 5.0
    scrape_s: float = 5.0
    skip_analysis: bool = False
    rollback_window_s: float = 0.0
    replicas: int = 1
    most_replicas: int = 0
    proportional: bool = False
    headroom_percent: int = 50
    canary_ready_percent: int = 100
    primary_ready_percent: int = 100
    hooks: frozenset[str] = frozenset()
    gates: Mapping[HookType, Gate] = field(default_factory=dict)
    evidence: Terms | None = None
    clients_stay: bool = False
    mirror_percent: int = 0
    previewed: bool = False
    baseline: bool = False

    @property
    def judged(self) -> tuple[Check, ...]:
        """The builtin checks that something follows from."""
        return tuple(check for check in self.checks if not check.report_only)

    @property
    def classes(self) -> tuple[Bad, ...]:
        """What evidence holds against the canary: nothing that a check is only to report."""
        spared = {bad for c in self.checks if c.report_only for bad in _CHARGED[c.name]}
        terms = self.evidence or Terms()
        return tuple(bad for bad in terms.classes if bad not in spared)

    @property
    def iterations(self) -> int:
        """How many bakes there are without a shift; all of them, or none."""
        return self.weights.count(0)

    def weight(self, number: int) -> int:
        """The weight of this index; after the last one everything."""
        return self.weights[number] if number < len(self.weights) else 100

    @property
    def analysed(self) -> int:
        """How many weights come before the promotion."""
        return len(self.weights) - self.promotion_steps

    @property
    def shortest_s(self) -> float:
        """The theoretical minimum of a healthy run, once the canary is ready."""
        bakes = len(self.weights) + bool(self.mirror_percent)
        return 0.0 if self.skip_analysis else bakes * self.interval_s + self.soak_s
