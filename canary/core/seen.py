"""What the outside world looked like: the values that ports hand to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from canary.core.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """The pods of one version.

    `wanted` is the Deployment's spec.replicas, `existing` counts pods that are not terminating.
    `exits` counts container exits (restarts, and containers terminated now) over these pods.
    `trouble` says in one line what keeps pods from being ready (image pull, crash loop, failing
    probe, unschedulable, quota), "" when nothing does. `settling` counts those that
    are younger than their own probes need. `disturbed` is true while pods are evicted or preempted:
    then being short of pods is not the version's fault.
    """

    wanted: int = 0
    existing: int = 0
    ready: int = 0
    exits: int = 0
    trouble: str = ""
    settling: int = 0
    disturbed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An app's traffic as written in the cluster.

    `weights` is what the plain list really says, by version; `shielded` what the shielded list
    says (equal to `weights` when the shield is off); `picked` what each of the lists says for
    requests that a rule picks, {} for one that is not there yet. `changed_by` names the field
    manager that wrote last. `order` is what somebody asks of the run, as written.
    """

    record: Record
    weights: Mapping[str, int]
    shielded: Mapping[str, int]
    picked: tuple[Mapping[str, int], ...] = ()
    changed_by: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What Traefik's replicas route right now.

    `confirmed`: every replica routes as the record says, with at least one server up for each
    member. `versions`: every version that any replica still names for this app. `text` says what
    is missing, for people.
    """

    confirmed: bool
    versions: frozenset[str] = frozenset()
    text: str = ""


class Side(StrEnum):
    """Whose requests a series counts."""

    PRIMARY = "primary"
    CANARY = "canary"
    FALLBACK = "fallback"  # replays of shielded requests, answered by the primary


class Kind(StrEnum):
    """What a series counts."""

    REQUESTS = "requests"
    BUCKET = "bucket"
    RELOADS = "reloads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Raw samples of one counter: `points` are (unix seconds in Prometheus's clock, value), rising.

    `target` is the scraped instance. `code` and `method` are "" for reloads. `le_s` is the bucket
    edge in seconds (inf for +Inf) and only set for buckets. Reload counters have side PRIMARY.
    """

    kind: Kind
    side: Side
    target: str
    code: str = ""
    method: str = ""
    le_s: float = 0.0
    points: tuple[tuple[float, float], ...]


class HookType(StrEnum):
    """When a webhook is called; the peer's names."""

    CONFIRM_ROLLOUT = "confirm-rollout"
    PRE_ROLLOUT = "pre-rollout"
    ROLLOUT = "rollout"
    CONFIRM_TRAFFIC_INCREASE = "confirm-traffic-increase"
    CONFIRM_PROMOTION = "confirm-promotion"
    ROLLBACK = "rollback"
    POST_ROLLOUT = "post-rollout"
    EVENT = "event"


class Outcome(StrEnum):
    """What all hooks of one type, called together, came to."""

    IDLE = "idle"  # never called, or there are none
    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookResult:
    """The outcome and, when failed, one redacted line with name, status and body's beginning.

    Called again after a failure, it is pending with that line until it is answered.
    """

    outcome: Outcome = Outcome.IDLE
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why hooks are called now: goes into the peer's payload."""

    type: HookType
    phase: str
    checksum: str
    metadata: Mapping[str, str] = field(default_factory=dict)
