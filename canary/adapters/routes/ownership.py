"""Whether an object that Pulumi declares is this stack's, before a run writes to it."""

from __future__ import annotations

from canary.adapters.routes.lists import MANAGER_LABEL, OWNER, Object, owner_of
from canary.errors import ConflictError


def demand_ours(kind: str, body: Object, owner: str) -> None:
    """Pass if `body` carries our id, or none but the label of this program.

    Raises:
        ConflictError: it is somebody else's.
    """
    name, namespace = body["metadata"]["name"], body["metadata"].get("namespace", "")
    found = owner_of(body)
    labels = body["metadata"].get("labels") or {}
    if found == owner or (not found and labels.get(MANAGER_LABEL) == "canary"):
        return
    whose = "belongs to another stack" if found else f"has no {OWNER} annotation"
    raise ConflictError(
        f"{kind} {name} in namespace {namespace} exists and is not ours: it {whose}"
    )
