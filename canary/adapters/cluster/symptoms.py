"""What a pod's status says about its version: ready, exited, disturbed, and what is wrong. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from canary.redaction import redacted

Object = dict[str, Any]

_PULL = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"})
_BROKEN = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "PostStartHookError",
    }
)
_DISTURBED = frozenset({"Evicted", "Preempting", "NodeShutdown", "Terminated", "NodeLost"})
_START_S = 10.0  # scheduling, mounting and starting, before a probe can be expected to pass
_FIRST_STATUS_S = 2.0  # the kubelet writes "not ready" this soon after it starts a pod
_LIMIT = 200


def is_terminating(pod: Object) -> bool:
    """Whether the pod is being deleted."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def is_over(pod: Object) -> bool:
    """Whether the pod has ended and will not run again: evicted, preempted, completed."""
    return pod.get("status", {}).get("phase") in ("Failed", "Succeeded")


def is_ready(pod: Object) -> bool:
    """Whether the pod takes traffic."""
    return condition(pod, "Ready").get("status") == "True"


def was_disturbed(pod: Object) -> bool:
    """Whether the cluster, not the version, stopped this pod or is about to."""
    status = pod.get("status", {})
    evicted = is_over(pod) and status.get("reason") in _DISTURBED
    return evicted or condition(pod, "DisruptionTarget").get("status") == "True"


def is_settling(pod: Object, now_s: float) -> bool:
    """Whether the pod is younger than its own probes need to call it ready.

    A pod that has been ready, or whose container has ended, shows what its version is worth.
    """
    if is_ready(pod) or has_been_ready(pod) or exits(pod):
        return False
    return age_s(pod, now_s) < settle_s(pod)


def has_been_ready(pod: Object) -> bool:
    """Whether an unready pod was ready before: the condition has changed since the pod started."""
    started = pod.get("status", {}).get("startTime")
    changed = condition(pod, "Ready").get("lastTransitionTime")
    return bool(started and changed and _unix_s(changed) - _unix_s(started) > _FIRST_STATUS_S)


def age_s(pod: Object, now_s: float) -> float:
    """Seconds since the pod was created; `now_s` in unix seconds."""
    created = pod["metadata"].get("creationTimestamp")
    return now_s - _unix_s(created) if created else 0.0


def _unix_s(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def settle_s(pod: Object) -> float:
    """How long the pod's own probes allow it to take, in seconds."""
    containers = pod.get("spec", {}).get("containers") or []
    return _START_S + max((_probes_s(container) for container in containers), default=0.0)


def _probes_s(container: Object) -> float:
    startup, readiness = container.get("startupProbe"), container.get("readinessProbe")
    allowed = 0.0
    if startup:
        allowed += startup.get("initialDelaySeconds", 0)
        allowed += startup.get("periodSeconds", 10) * startup.get("failureThreshold", 3)
    if readiness:
        allowed += readiness.get("initialDelaySeconds", 0)
        allowed += readiness.get("periodSeconds", 10) * (1 + readiness.get("successThreshold", 1))
    return float(allowed)


def exits(pod: Object) -> int:
    """How often this pod's containers have ended so far."""
    return sum(_exits(status) for status in _containers(pod))


def _exits(status: Object) -> int:
    restarts = int(status.get("restartCount", 0))
    state = status.get("state") or {}
    # In a crash loop's pause the last end is not yet a restart.
    ended = "terminated" in state or ("waiting" in state and _last_end(status))
    return restarts + (1 if ended else 0)


def _last_end(status: Object) -> Object:
    state, last = status.get("state") or {}, status.get("lastState") or {}
    return dict(state.get("terminated") or last.get("terminated") or {})


def trouble(pod: Object) -> str:
    """What keeps the pod from being ready, "" if its status does not say."""
    for status in (*_containers(pod, "initContainerStatuses"), *_containers(pod)):
        text = _container_trouble(status)
        if text:
            return text
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return _line(f"unschedulable: {scheduled.get('message', '')}")
    return ""


def _container_trouble(status: Object) -> str:
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason, name = str(waiting.get("reason", "")), status.get("name", "")
    if reason in _PULL:
        return f"{reason}: {status.get('image', '')}"
    if reason in _BROKEN:
        return _line(f"container {name}: {reason}: {waiting.get('message', '')}")
    end = _last_end(status)
    if status.get("ready") or not end or (reason != "CrashLoopBackOff" and not end.get("exitCode")):
        return ""
    return _ended(status)


def last_exit(pod: Object) -> str:
    """How one of the pod's containers ended last, though it may run again; "" if none ever did."""
    return next((_ended(status) for status in _containers(pod) if _last_end(status)), "")


def _ended(status: Object) -> str:
    end, name, times = _last_end(status), status.get("name", ""), _exits(status)
    why = f" {end['reason']}" if end.get("reason") not in (None, "Error", "Completed") else ""
    often = "once" if times == 1 else f"{times} times, last"
    return f"container {name} exited {often} with code {end.get('exitCode', '?')}{why}"


def is_unprobed(pod: Object) -> bool:
    """Whether all containers run and yet the pod is not ready: its readiness probe fails."""
    statuses = _containers(pod)
    running = all("running" in (status.get("state") or {}) for status in statuses)
    return bool(statuses) and running and not is_ready(pod)


def probe_failure(messages: Iterable[str]) -> str:
    """The readiness probe's failure in words, from a pod's event messages, last first; or ""."""
    for message in messages:
        found = re.match(r"Readiness probe failed: (?P<what>.*)", message, re.DOTALL)
        if found:
            what = _line(found["what"])
            code = re.search(r"statuscode: (\d+)", what)
            return f"readiness probe fails: HTTP {code[1]}" if code else _probe_words(what)
    return ""


def _probe_words(what: str) -> str:
    if "connection refused" in what:
        return "readiness probe fails: connection refused"
    if "deadline exceeded" in what or "timeout" in what.lower():
        return "readiness probe fails: no answer in time"
    return f"readiness probe fails: {what}"


def replica_failure(deployment: Object) -> str:
    """Why the Deployment cannot make its pods (a quota, an admission webhook), "" if it can."""
    failure = condition(deployment, "ReplicaFailure")
    if failure.get("status") != "True":
        return ""
    message = str(failure.get("message", ""))
    quota = re.search(r"exceeded quota: .*", message, re.DOTALL)
    return _line(quota[0] if quota else f"{failure.get('reason', 'FailedCreate')}: {message}")


def condition(body: Object, kind: str) -> Mapping[str, Any]:
    """One condition of an object's status, {} if it is not there."""
    for entry in body.get("status", {}).get("conditions") or []:
        if entry.get("type") == kind:
            return dict(entry)
    return {}


def _containers(pod: Object, key: str = "containerStatuses") -> list[Object]:
    return list(pod.get("status", {}).get(key) or [])


def _line(text: str) -> str:
    text = " ".join(redacted(text).split()).rstrip(": ")
    return text if len(text) <= _LIMIT else text[:_LIMIT] + "…"
