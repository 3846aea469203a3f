"""Security contexts: what every pod of this program starts from, the apps' included."""

from __future__ import annotations

from typing import Any


def pod_security(user: int) -> dict[str, Any]:
    """Return a pod's security context: never root, the runtime's default system call filter.

    The user is said by number, for a kubelet cannot tell whether an image's named user is root.
    """
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """Return a container's security context: no privileges, nothing written to the image."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
