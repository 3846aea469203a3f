"""Waiting until an object is what it should be, with a line of progress on its row.

Polled, not watched: on one loopback connection a poll costs a millisecond, and there is no stream
to resume. Every wait ends at once when the engine cancels.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bed.plugin.api import Api
from tests.bed.plugin.check import annotation
from tests.bed.plugin.errors import AwaitError
from tests.bed.plugin.kinds import Kind, path_of
from tests.bed.plugin.pods import pod_reasons

FIRST_POLL_S, LAST_POLL_S = 0.05, 0.4  # doubled in between: most waits are short
DEFAULT_TIMEOUT_S = 600.0  # as in the real plugin
Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, whom to tell, and when to stop early."""

    timeout_s: float
    say: Callable[[str], None]
    cancelled: threading.Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One look at an object: `lacking` is "" when it is ready."""

    lacking: str
    hopeless: bool = False


Probe = Callable[[Api, Object], Progress]


def timeout_s(inputs: Object, requested_s: float) -> float:
    """The resource's customTimeouts, else its annotation, else ten minutes."""
    if requested_s > 0:
        return requested_s
    given = annotation(inputs, "pulumi.com/timeoutSeconds") or ""
    return float(given) if given.isdigit() else DEFAULT_TIMEOUT_S


def skips_await(inputs: Object) -> bool:
    """Whether the program asked not to wait for this object."""
    return annotation(inputs, "pulumi.com/skipAwait") == "true"


def ready(api: Api, kind: Kind, resource_id: str, patience: Patience) -> Object:
    """The live object once it is ready.

    Raises:
        AwaitError: it is not, for the reason that the message gives.
    """
    probe, live = _PROBES.get(kind.name, _anything), {}

    def look() -> Progress:
        nonlocal live
        found = api.read(path_of(kind, resource_id))
        if found is None:
            return Progress(lacking="was deleted while it was awaited", hopeless=True)
        live = found
        return probe(api, found)

    _wait(look, f"{kind.name} {resource_id}", patience)
    return live


def gone(api: Api, kind: Kind, resource_id: str, uid: str | None, patience: Patience) -> None:
    """Return once the object with this uid is no more.

    Raises:
        AwaitError: it is still there; the message names its finalizers.
    """

    def look() -> Progress:
        found = api.read(path_of(kind, resource_id))
        if found is None or uid not in {None, found["metadata"]["uid"]}:
            return Progress(lacking="")
        finalizers = {*found["metadata"].get("finalizers", [])} - {"foregroundDeletion"}
        held_by = ", held by " + ", ".join(sorted(finalizers)) if finalizers else ""
        return Progress(lacking=f"waiting for it and its dependents to be deleted{held_by}")

    _wait(look, f"{kind.name} {resource_id}", patience)


def _wait(look: Callable[[], Progress], what: str, patience: Patience) -> None:
    deadline, said, pause_s = time.monotonic() + patience.timeout_s, "", FIRST_POLL_S
    while True:
        progress = look()
        if not progress.lacking:
            return
        if progress.lacking != said:
            said = progress.lacking
            patience.say(said)
        if progress.hopeless:
            raise AwaitError(f"{what}: {said}")
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0:
            raise AwaitError(f"{what}: timed out after {patience.timeout_s:g} s: {said}")
        if patience.cancelled.wait(min(pause_s, remaining_s)):
            raise AwaitError(f"{what}: cancelled while {said}")
        pause_s = min(2 * pause_s, LAST_POLL_S)


def _anything(_api: Api, _live: Object) -> Progress:
    return Progress(lacking="")


def deployment_progress(api: Api, live: Object) -> Progress:
    """What a Deployment lacks, with the reasons of its pods."""
    status, spec = live.get("status") or {}, live["spec"]
    lacking = _lacking_replicas(live["metadata"], spec, status)
    if not lacking:
        return Progress(lacking="")
    namespace = live["metadata"]["namespace"]
    failures = [
        condition.get("message", "")
        for condition in status.get("conditions", [])
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True"
    ]
    reasons = [*failures, *pod_reasons(api, namespace, spec["selector"])]
    text = f"{lacking}; {'; '.join(reasons)}" if reasons else lacking
    seen = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    stuck = any(c.get("reason") == "ProgressDeadlineExceeded" for c in status.get("conditions", []))
    return Progress(lacking=text, hopeless=seen and stuck)


def _lacking_replicas(metadata: Object, spec: Object, status: Object) -> str:
    wanted = spec.get("replicas", 1)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if status.get("observedGeneration", 0) < metadata["generation"]:
        return "waiting for the controller to see the change"
    if spec.get("paused"):
        return ""
    if updated < wanted:
        return f"waiting for {wanted} updated pods: {updated} so far"
    if status.get("replicas", 0) > updated:
        return f"waiting for {status['replicas'] - updated} old pods to end"
    return f"waiting for {wanted} available pods: {available} so far" if available < wanted else ""


def _service(api: Api, live: Object) -> Progress:
    spec, metadata = live["spec"], live["metadata"]
    if not spec.get("selector") or spec.get("type") == "ExternalName":
        return Progress(lacking="")
    if spec.get("clusterIP") == "None":
        return Progress(lacking="")  # headless: its pods may be told apart by it before they serve
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{metadata['namespace']}/endpointslices"
    found = api.items(slices, f"kubernetes.io/service-name={metadata['name']}")
    endpoints = [endpoint for one in found for endpoint in one.get("endpoints") or []]
    if not any(endpoint.get("conditions", {}).get("ready", True) for endpoint in endpoints):
        return Progress(lacking=f"waiting for a ready endpoint: 0 of {len(endpoints)} are")
    addresses = (live.get("status") or {}).get("loadBalancer", {}).get("ingress")
    if spec.get("type") == "LoadBalancer" and not addresses:
        return Progress(lacking="waiting for the load balancer's address")
    return Progress(lacking="")


def _definition(_api: Api, live: Object) -> Progress:
    conditions = (live.get("status") or {}).get("conditions") or []
    holds = {c["type"] for c in conditions if c["status"] == "True"}
    refused = [c for c in conditions if c["type"] == "NamesAccepted" and c["status"] == "False"]
    if refused:
        return Progress(lacking=refused[0].get("message", "names not accepted"), hopeless=True)
    return Progress(lacking="" if "Established" in holds else "waiting to be established")


_PROBES: dict[str, Probe] = {
    "CustomResourceDefinition": _definition,
    "Deployment": deployment_progress,
    "Service": _service,
}
