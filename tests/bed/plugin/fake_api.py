"""An API server for the plugin's unit tests: objects by path, and just enough of its manners."""

from __future__ import annotations

import itertools
import json
from typing import Any

import httpx

from tests.bed.plugin.api import FIELD_MANAGER, Api
from tests.bed.plugin.kubeconfig import Cluster

Object = dict[str, Any]


class FakeApi:
    """Server-side apply as a shallow merge; whoever owns a field keeps it unless forced.

    Attributes:
        objects: what lives, by path.
        owned: path -> (field manager, field) that an unforced apply runs into.
        listings: what a GET on a collection or a discovery path answers.
        statuses: path -> the status that its controller writes at once.
        finalizing: the paths whose objects a finalizer holds.
        faults: answers, or errors of the connection, that come before any other, oldest first.
        warnings: what every apply warns of.
        sent: every request that wrote, as (method, path, body).
    """

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.owned: dict[str, tuple[str, str]] = {}
        self.listings: dict[str, Object] = {}
        self.statuses: dict[str, Object] = {}
        self.faults: list[httpx.Response | httpx.TransportError] = []
        self.warnings: list[str] = []
        self.sent: list[tuple[str, str, Object]] = []
        self.finalizing: set[str] = set()
        self._versions = itertools.count(1)

    def api(self) -> Api:
        """A client of this server."""
        cluster = Cluster(server="http://fake", namespace="default")
        return Api(cluster, httpx.MockTransport(self._answer))

    def put(self, path: str, body: Object, *, manager: str = "kubectl") -> Object:
        """Let an object live, as if `manager` had applied it."""
        version = next(self._versions)
        metadata = {
            "uid": f"uid-{version}",
            "generation": 1,
            **body.get("metadata", {}),
            "resourceVersion": str(version),
            "managedFields": [{"manager": manager, "operation": "Apply"}],
        }
        self.objects[path] = body | {"metadata": metadata, "status": self.statuses.get(path, {})}
        return self.objects[path]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, httpx.Response):
                return fault
            raise fault
        if request.method == "GET":
            found = self.objects.get(path) or self.listings.get(path)
            return httpx.Response(200, json=found) if found else answer(404, f"no {path}")
        body = json.loads(request.content)
        self.sent.append((request.method, path, body))
        if request.method == "DELETE":
            return self._delete(path, body)
        return self._apply(path, body, forced=request.url.params["force"] == "true")

    def _delete(self, path: str, options: Object) -> httpx.Response:
        live = self.objects.get(path)
        if live is None:
            return answer(404, f"no {path}")
        if options.get("preconditions", {}).get("uid") != live["metadata"]["uid"]:
            return answer(409, "the UID in the precondition does not match")
        if path in self.finalizing:
            live["metadata"]["finalizers"] = ["example.org/held"]
        else:
            del self.objects[path]
        return httpx.Response(200, json={})

    def _apply(self, path: str, body: Object, *, forced: bool) -> httpx.Response:
        if path in self.owned and not forced:
            manager, field = self.owned[path]
            cause = {
                "reason": "FieldManagerConflict",
                "message": f'conflict with "{manager}" using v1',
                "field": field,
            }
            return answer(409, "Apply failed with 1 conflict", causes=[cause])
        headers = [("Warning", f'299 - "{warning}"') for warning in self.warnings]
        live = self.put(path, body, manager=FIELD_MANAGER)
        return httpx.Response(200, json=live, headers=headers)


def answer(code: int, message: str, causes: list[Object] | None = None) -> httpx.Response:
    """A refusal as the API server words it."""
    return httpx.Response(code, json={"message": message, "details": {"causes": causes or []}})
