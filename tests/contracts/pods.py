"""Deployments and pods as the API server shows them, for the Fleet's contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NOW_S = 1_700_000_000.0


def deployment(
    version: str, replicas: int, failure: str = "", *, app: str = "podinfo"
) -> dict[str, Any]:
    """A version's Deployment; `failure` is why it cannot make pods."""
    reason = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    return {
        "metadata": {
            "name": f"{app}-{version}",
            "labels": {
                "app.kubernetes.io/name": app,
                "app.kubernetes.io/version": version,
                "app.kubernetes.io/managed-by": "canary",
            },
        },
        "spec": {"replicas": replicas},
        "status": {"conditions": [reason | {"message": failure}] if failure else []},
    }


def pod(
    version: str,
    name: str = "pod",
    *,
    ready: bool = True,
    age_s: float = 600.0,
    ready_changed_s: float | None = None,
    statuses: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A pod created `age_s` ago, whose readiness changed `ready_changed_s` ago; None: never."""
    born = _stamp(NOW_S - age_s)
    changed = born if ready_changed_s is None else _stamp(NOW_S - ready_changed_s)
    labels = {"app.kubernetes.io/name": "podinfo", "app.kubernetes.io/version": version}
    probe = {"periodSeconds": 2, "failureThreshold": 3}
    return {
        "metadata": {"name": name, "labels": labels, "creationTimestamp": born},
        "spec": {"containers": [{"name": "podinfo", "readinessProbe": probe}]},
        "status": {
            "phase": "Running",
            "startTime": born,
            "conditions": [
                {"type": "Ready", "status": str(ready), "lastTransitionTime": changed},
            ],
            "containerStatuses": [running(ready=ready)] if statuses is None else statuses,
        },
    }


def running(*, restarts: int = 0, ready: bool = True) -> dict[str, Any]:
    last = {"terminated": {"exitCode": 1, "reason": "Error"}} if restarts else {}
    return _status(restarts, {"running": {}}, last) | {"ready": ready}


def crashed(*, restarts: int, code: int) -> dict[str, Any]:
    return _status(restarts, {"terminated": {"exitCode": code, "reason": "Error"}}, {})


def waiting(
    reason: str,
    *,
    restarts: int = 0,
    code: int | None = None,
    reason_of_end: str = "Error",
    **more: str,
) -> dict[str, Any]:
    """A waiting container; `more` is its "image" or the waiting "message"."""
    last = {} if code is None else {"terminated": {"exitCode": code, "reason": reason_of_end}}
    state = {"waiting": {"reason": reason, "message": more.get("message", "")}}
    return _status(restarts, state, last) | {"image": more.get("image", "podinfo:1")}


def _status(restarts: int, state: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "podinfo",
        "restartCount": restarts,
        "ready": False,
        "state": state,
        "lastState": last,
    }


def _stamp(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
