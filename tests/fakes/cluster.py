"""A fake API server: real HTTP on the loopback interface, with faults on request.

Knows compare-and-swap, merge patches, the scale subresource, selectors, tokens and proxies; knows
nothing of schemas or controllers. What it cannot do, it refuses loudly.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from canary.adapters.cluster.kubernetes import Cluster
from tests.fakes.objects import Object, Objects, Refused

Answer = tuple[int, Any]
Backend = Callable[[str, str, dict[str, str], bytes], Answer]

GROUPS = frozenset(
    {
        "traefik.io",
        "apps",
        "autoscaling",
        "policy",
        "coordination.k8s.io",
        "networking.k8s.io",
        "discovery.k8s.io",
    }
)


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong with the next `times` matching requests.

    `status` is answered instead; `drop` closes the connection before ("before") or after ("after",
    the answer is lost) the request was carried out. `hang_s` is how long nothing happens first.
    """

    method: str = ""
    path: str = ""
    status: int = 0
    drop: str = ""
    retry_after_s: int | None = None
    hang_s: float = 0.0
    times: int = 1

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("", method) and self.path in path


class FakeCluster:
    """The server; a context manager. `calls` are all requests so far as "METHOD /path"."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.tokens = {"valid"}
        self.backends: dict[str, Backend] = {}
        self._closing = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def web(self) -> HTTPServer:
        """What listens."""
        return self._server

    def kubeconfig(self) -> str:
        """A kubeconfig with one context, `fake`."""
        value = {
            "apiVersion": "v1",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": {"token": "valid"}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
            "current-context": "fake",
        }
        return json.dumps(value)

    def connect(self, timeout_s: float = 5.0) -> Cluster:
        return Cluster.connect(kubeconfig_text=self.kubeconfig(), timeout_s=timeout_s)

    def put(self, collection: str, body: Object, manager: str = "pulumi") -> Object:
        """Somebody else creates an object."""
        return self.objects.create(collection, body, manager)

    def edit(self, path: str, patch: Object, manager: str = "kubectl-edit") -> Object:
        """Somebody else changes an object."""
        return self.objects.merge(path, patch, manager)

    def hang(self, seconds: float) -> None:
        """Keep a caller waiting, but not the end of the test."""
        self._closing.wait(seconds)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """What the server says to one request."""
        parts = urlsplit(target)
        path, query = unquote(parts.path), dict(parse_qsl(parts.query))
        if headers.get("Authorization") not in {f"Bearer {token}" for token in self.tokens}:
            return _status(Refused(401, "Unauthorized", "Unauthorized"))
        try:
            if "/proxy/" in path:
                return self._proxied(method, path, query, body)
            return self._served(method, path, query, _Content(headers, body))
        except Refused as refused:
            return _status(refused)

    def fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.matches(method, path):
                fault.times -= 1
                return fault
        return None

    def _proxied(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        target, _, rest = path.partition("/proxy/")
        if target not in self.backends:
            message = f'no endpoints available for service "{target.rsplit("/", 1)[-1]}"'
            raise Refused(503, "ServiceUnavailable", message)
        return self.backends[target](method, f"/{rest}", query, body)

    def _served(self, method: str, path: str, query: dict[str, str], content: _Content) -> Answer:
        if path.startswith("/apis/") and path.split("/")[2] not in GROUPS:
            return 404, "404 page not found"
        manager = query.get("fieldManager", "unknown")
        if path.endswith("/scale"):
            return self._scaled(path.removesuffix("/scale"), content, manager)
        objects = self.objects
        if method == "GET":
            return 200, self._got(path, query)
        if method == "POST":
            return 201, objects.create(path, content.value, manager)
        if method == "PUT":
            return 200, objects.replace(path, content.value, manager)
        if method == "DELETE":
            objects.delete(path, content.value.get("preconditions", {}))
            return 200, {"kind": "Status", "status": "Success"}
        if content.is_apply:
            force = query.get("force") == "true"
            return 200, objects.apply(path, content.value, manager, force=force)
        return 200, objects.merge(path, content.value, manager)

    def _got(self, path: str, query: dict[str, str]) -> Object:
        # Collections have plural names right after the namespace or at the end of the path.
        named = "/namespaces/" in path and len(path.split("/namespaces/")[1].split("/")) != 2
        if named:
            return self.objects.read(path)
        label, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
        return {"kind": "List", "items": self.objects.items(path, label, fields)}

    def _scaled(self, path: str, content: _Content, manager: str) -> Answer:
        replicas = content.value["spec"]["replicas"]
        given = content.value.get("metadata", {}).get("resourceVersion")
        marks = {"metadata": {"resourceVersion": given}} if given else {}
        body = self.objects.merge(path, {**marks, "spec": {"replicas": replicas}}, manager)
        return 200, {"kind": "Scale", "spec": {"replicas": body["spec"]["replicas"]}}


class _Content:
    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.is_apply = "apply-patch" in headers.get("Content-Type", "")
        self.value: Object = json.loads(body) if body else {}


def _status(refused: Refused) -> Answer:
    return refused.status, {
        "kind": "Status",
        "status": "Failure",
        "code": refused.status,
        "reason": refused.reason,
        "message": str(refused),
        "details": {"name": refused.name} if refused.name else {},
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cluster: FakeCluster) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cluster = cluster


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30
    disable_nagle_algorithm = True  # head and body are two packets

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests read `calls` instead."""

    def _serve(self) -> None:
        cluster = self.server.cluster
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        cluster.calls.append(f"{self.command} {self.path}")
        fault = cluster.fault(self.command, self.path)
        if fault and fault.hang_s:
            cluster.hang(fault.hang_s)
        if fault and fault.drop == "before":
            return self._hang_up()
        if fault and fault.status:
            text = {"message": f"injected {fault.status}"}
            return self._send(fault.status, text, fault.retry_after_s)
        headers = {key.title(): value for key, value in self.headers.items()}
        status, value = cluster.answer(self.command, self.path, headers, body)
        if fault and fault.drop == "after":
            return self._hang_up()
        return self._send(status, value)

    def _send(self, status: int, value: Any, retry_after_s: int | None = None) -> None:
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if retry_after_s is not None:
            self.send_header("Retry-After", str(retry_after_s))
        self.end_headers()
        self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
