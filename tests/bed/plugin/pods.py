"""Why pods are not ready, in a few words each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bed.plugin.api import Api

Object = dict[str, Any]


def pod_reasons(api: Api, namespace: str, selector: Object) -> list[str]:
    """One entry for each distinct reason among the selected pods, ready pods aside."""
    labels = ",".join(f"{key}={value}" for key, value in selector.get("matchLabels", {}).items())
    pods = api.items(f"/api/v1/namespaces/{namespace}/pods", labels)
    found = {reason: pod["metadata"]["name"] for pod in pods for reason in _reasons(pod)}
    return [f"pod {name}: {reason}" for reason, name in found.items()]


def _reasons(pod: Object) -> Iterator[str]:
    status = pod.get("status") or {}
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield _told(condition)
    containers = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    for container in containers:
        if not container.get("ready"):
            yield from _container(container)


def _container(container: Object) -> Iterator[str]:
    state, name = container.get("state") or {}, container["name"]
    if waiting := state.get("waiting"):
        yield f"{name} {_told(waiting)}{_last_exit(container)}"
    elif ended := state.get("terminated"):
        if ended.get("exitCode"):
            yield f"{name} ended with exit code {ended['exitCode']}"
    elif "running" in state:
        yield f"{name} runs but is not ready"


def _last_exit(container: Object) -> str:
    ended = (container.get("lastState") or {}).get("terminated")
    return f" (last exit code {ended.get('exitCode')})" if ended else ""


def _told(state: Object) -> str:
    reason, message = state.get("reason", "waiting"), state.get("message", "")
    return f"{reason}: {message}" if message else str(reason)
