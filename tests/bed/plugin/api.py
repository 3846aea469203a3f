"""The Kubernetes API as the plugin needs it: read, apply, delete and list, with errors in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx

from tests.bed.plugin.errors import ApiError, ClusterError
from tests.bed.plugin.kubeconfig import Cluster

FIELD_MANAGER = "pulumi-kubernetes"
TIMEOUT_S = 30.0
ATTEMPTS = 3  # every request here may be repeated: reads, applies, deletes by uid
_CONFLICT = re.compile(r'conflict with "(?P<manager>[^"]*)"')
Object = dict[str, Any]


class Api:
    """One cluster's API; safe to share between threads."""

    def __init__(self, cluster: Cluster, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=cluster.server,
            headers=cluster.headers | {"Accept": "application/json"},
            verify=cluster.tls or False,
            transport=transport,
            timeout=TIMEOUT_S,
            limits=httpx.Limits(max_connections=100),
            trust_env=False,
        )

    def read(self, path: str) -> Object | None:
        """The object or list at `path`; None when there is none."""
        return self._answer("GET", path, absent_is_none=True)

    def items(self, path: str, label_selector: str) -> list[Object]:
        """The objects of a collection that carry the labels; none when the collection is absent."""
        query = httpx.QueryParams({"labelSelector": label_selector})
        found = self._answer("GET", f"{path}?{query}", absent_is_none=True)
        return list(found.get("items", [])) if found else []

    def apply(
        self, path: str, manifest: Object, *, force: bool, warn: Callable[[str], None]
    ) -> Object:
        """Server-side apply; the object as it is afterwards.

        Raises:
            ApiError: refused; a conflict names the other field managers and the fields.
        """
        query = httpx.QueryParams(fieldManager=FIELD_MANAGER, force=str(force).lower())
        applied = self._answer("PATCH", f"{path}?{query}", body=manifest, warn=warn)
        return applied or {}

    def delete(self, path: str, *, uid: str | None, propagation: str) -> None:
        """Ask for the deletion of just this object; fine when it is gone already."""
        options: Object = {"propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        self._answer("DELETE", path, body=options, absent_is_none=True)

    def _answer(
        self,
        method: str,
        path: str,
        *,
        body: Object | None = None,
        absent_is_none: bool = False,
        warn: Callable[[str], None] | None = None,
    ) -> Object | None:
        response = self._response(method, path, body)
        if warn:
            for warning in response.headers.get_list("Warning"):
                warn(warning.split(" ", 2)[-1].strip('"'))
        if response.status_code == 404 and absent_is_none:
            return None
        if response.is_error:
            raise ApiError(_reason(response), code=response.status_code)
        answer: Object = response.json()
        return answer

    def _response(self, method: str, path: str, body: Object | None) -> httpx.Response:
        content = None if body is None else json.dumps(body)
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._http.request(
                    method, path, content=content, headers={"Content-Type": kind}
                )
            except httpx.TransportError as error:
                if attempt == ATTEMPTS:
                    raise ClusterError(
                        f"configured Kubernetes cluster is unreachable: {error or type(error)}"
                    ) from None
        raise AssertionError("unreachable")


def _reason(response: httpx.Response) -> str:
    try:
        status = response.json()
    except ValueError:
        return f"the API server answered {response.status_code}"
    causes = (status.get("details") or {}).get("causes") or []
    conflicts = [c for c in causes if c.get("reason") == "FieldManagerConflict"]
    if conflicts:
        return _conflict(conflicts)
    return str(status.get("message") or f"the API server answered {response.status_code}")


def _conflict(causes: list[Object]) -> str:
    lines = []
    for cause in causes:
        found = _CONFLICT.search(cause.get("message", ""))
        manager = found["manager"] if found else "another field manager"
        lines.append(f'conflict with field manager "{manager}" over {cause.get("field")}')
    hint = 'set the annotation pulumi.com/patchForce: "true" to take the fields over'
    return f"Server-side apply failed: {'; '.join(lines)}. Leave the fields out, or {hint}"
