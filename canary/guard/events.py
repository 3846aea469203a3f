"""What the guard says in the cluster: a Kubernetes Event beside those of the runs."""

from __future__ import annotations

from datetime import UTC, datetime

from canary.guard.decisions import Body


def event(plain: Body, reason: str, note: str) -> Body:
    """An Event on the app's TraefikService, beside those of its runs."""
    now = datetime.now(UTC)
    metadata = plain["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    second = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{name}-", "namespace": namespace},
        "involvedObject": {
            "apiVersion": "traefik.io/v1alpha1",
            "kind": "TraefikService",
            "name": name,
            "namespace": namespace,
            "uid": metadata.get("uid", ""),
        },
        "reason": reason,
        "message": note[:1000],
        "type": "Warning",
        "action": reason,
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "firstTimestamp": second,
        "lastTimestamp": second,
        "count": 1,
        "source": {"component": "canary-guard"},
        "reportingComponent": "canary-guard",
        "reportingInstance": "canary-guard",
    }
