"""What the guard concludes, and what it would write: pure, bodies in, bodies out."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

EXPIRY_S = 10.0  # of a Lease, as its holders count too
STALE_S = 4.0  # of two renewals none came: from now on the records are looked at, too
GAP_S = 8.0  # who did not look for so long has not watched; many namespaces take their time

LEASE_TTL_S = 3600.0  # from a Lease's last renewal to its end: drivers delete theirs themselves

OWNER = "canary.rollout/owner"
RECORD = "canary.rollout/record"
RUN = "canary.rollout/run"
RUNS = "canary.rollout/runs"
VERSION_LABEL = "app.kubernetes.io/version"
BASELINE = "baseline"  # ends the name of the primary's copy: its Deployment and its Service
DRAIN_S = 10.0  # from the restore to the end of the pods that it took the traffic from

MARK = "guard-"  # begins the name of the guard's own run: its restore is a takeover like any other

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One fresh read of a run's sign of life; monotonic seconds before and after it."""

    run: str
    beat: str
    asked_s: float
    answered_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Since when a run's sign has been seen not to change, and when it was looked at last."""

    run: str
    beat: str
    since_s: float
    seen_s: float


def watched(before: Watch | None, look: Look) -> Watch:
    """What is known after a look; anything new, and any gap, begins the expiry anew."""
    same = before is not None and (before.run, before.beat) == (look.run, look.beat)
    if before is None or not same or look.asked_s - before.seen_s > GAP_S:
        return Watch(run=look.run, beat=look.beat, since_s=look.answered_s, seen_s=look.answered_s)
    return replace(before, seen_s=look.answered_s)


def expired(watch: Watch, look: Look) -> bool:
    """Whether the look began a full expiry after the first one that found the same."""
    return look.asked_s - watch.since_s >= EXPIRY_S


def may_restore(primary_ready: int, others_ready: int) -> bool:
    """Never towards a version without ready endpoints while another has some."""
    return primary_ready > 0 or others_ready == 0


def kept(record: Body) -> str:
    """What is said where the weights stay as they are."""
    return (
        f"the driver of run {record.get('run')} is dead; the weights stay, because the primary has "
        "no ready pod"
    )


def beside(record: Body) -> tuple[str, ...]:
    """What else may have traffic than the primary: the canary, and its baseline."""
    copied = record.get("baseline") is True and 0 < _number(record, "weight") < 100
    return (str(record.get("canary", "")), *((BASELINE,) if copied else ()))


def is_drained(record: Body, wall_s: float) -> bool:
    """Whether Traefik has had the time to send nothing more to what the restore left."""
    return not 0.0 <= wall_s - _number(record, "movedAt") < DRAIN_S


def _number(record: Body, key: str) -> float:
    """0 for what is none: a record that somebody edited is no reason to stop."""
    value = record.get(key)
    try:
        return float(value) if isinstance(value, int | float) else 0.0
    except OverflowError:
        return 0.0


def marks(body: Body | None) -> Body:
    """An object's annotations; none for no object."""
    found: Body = ((body or {}).get("metadata") or {}).get("annotations") or {}
    return found


def beats(lease: Body) -> dict[str, str]:
    """The last renewal by each run that it vouched for."""
    renewed = str((lease.get("spec") or {}).get("renewTime") or "")
    return dict.fromkeys(str(marks(lease).get(RUNS, "")).split(), renewed)


def is_old(lease: Body, wall_s: float) -> bool:
    """Whether a Lease was not renewed for so long that its driver has died; nonsense is kept."""
    try:
        renewed = datetime.fromisoformat(str((lease.get("spec") or {}).get("renewTime")))
        return wall_s - renewed.timestamp() >= LEASE_TTL_S
    except (ValueError, OverflowError):
        return False


def record_of(body: Body) -> Body | None:
    """The record of a plain list; None for any other object and for what cannot be read."""
    try:
        record = json.loads(marks(body).get(RECORD) or "null")
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and record.get("phase") else None


def is_unfinished(record: Body) -> bool:
    """Whether a run is under way; a phase that only newer programs know counts as such."""
    return record["phase"] not in ("Succeeded", "Failed")


def failed_version(record: Body) -> str:
    """The version of which the record says that it failed; "" for none."""
    canary, primary = record.get("canary"), record.get("primary")
    failed = record["phase"] == "Failed" and isinstance(canary, str) and canary != primary
    return str(canary) if failed else ""


def is_restored(record: Body) -> bool:
    """Whether a guard wrote the record."""
    return str(record.get("run", "")).startswith(MARK)


def restored(record: Body, wall_s: float) -> Body:
    """The record after the guard's restore; what it does not know of a record stays as it is."""
    run, phase, weight = record.get("run", ""), record["phase"], record.get("weight", 0)
    return {
        **record,
        "run": f"{MARK}{run}",
        "phase": "Failed",
        "weight": 0,
        **({"mirrored": 0} if "mirrored" in record else {}),
        **({"exposed": False} if "exposed" in record else {}),
        **({"baseline": False} if "baseline" in record else {}),
        "movedAt": round(wall_s, 3),
        "reason": (
            f"restored by guard: the driver of run {run} gave no sign of life for {EXPIRY_S:g} s "
            f"in {phase} at {weight} %"
        ),
    }


def recorded(body: Body, record: Body) -> Body:
    """The plain list with this record on it; a list's items may come without their kind."""
    after = {**copy.deepcopy(body), "apiVersion": "traefik.io/v1alpha1", "kind": "TraefikService"}
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    after["metadata"]["annotations"][RECORD] = text
    return after


def image_of(record: Body, version: str) -> str:
    """What people call a version."""
    images = record.get("images")
    return str((images if isinstance(images, dict) else {}).get(version) or version)


def run_of(body: Body) -> str:
    """The run whose name is on an object."""
    return str(marks(body).get(RUN, ""))


def stamped(body: Body, run: str) -> Body:
    """The object with a run's name on it, so that no swap based on what it was succeeds."""
    after = copy.deepcopy(body)
    after["metadata"]["annotations"] = {**marks(body), RUN: run}
    after["metadata"].pop("managedFields", None)
    return after


def all_to(body: Body, member: Body) -> Body:
    """A weighted list in which this member gets everything."""
    after = copy.deepcopy(body)
    after.setdefault("spec", {}).setdefault("weighted", {})["services"] = [member]
    return after


def member_of(plain: Body, app: str, version: str) -> Body | None:
    """A version as the only member of a list; None where no member tells the Services' port."""
    members = ((plain.get("spec") or {}).get("weighted") or {}).get("services") or []
    service = f"{app}-{version}"
    named = [member for member in members if member.get("name") == service]
    like = [*named, *(member for member in members if member.get("port"))]
    return {**like[0], "kind": "Service", "name": service, "weight": 100} if like else None


def pointed(service: Body, canary: str, primary: str) -> Body:
    """The apex Service: whoever was sent to the canary is sent to the primary again."""
    after = copy.deepcopy(service)
    selector = (after.get("spec") or {}).get("selector") or {}
    if canary and selector.get(VERSION_LABEL) == canary:
        selector[VERSION_LABEL] = primary
    return after


def leads_to(lists: Iterable[Body], apex: Body | None, app: str, version: str) -> bool:
    """Whether any list, or the apex Service, sends requests to a version."""
    text = json.dumps([body.get("spec") for body in lists])
    listed = any(f'"{app}-{version}{end}"' in text for end in ("", "-fallback"))
    selector = ((apex or {}).get("spec") or {}).get("selector") or {}
    return listed or selector.get(VERSION_LABEL) == version


def replicas(deployment: Body | None) -> int:
    """How many pods are wanted; the API server's default is 1."""
    return int(((deployment or {}).get("spec") or {}).get("replicas", 1))


def ready_endpoints(slices: list[Body]) -> int:
    """How many endpoints take requests; a condition that is not there means that they do."""
    endpoints = [endpoint for one in slices for endpoint in one.get("endpoints") or []]
    return sum((e.get("conditions") or {}).get("ready") is not False for e in endpoints)
