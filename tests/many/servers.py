"""The fake servers in a process of their own: `python -m tests.many.servers APPS PATTERN`.

API server, Traefik's replicas and Prometheus behind its proxies, and Pulumi's engine. Lean, so that
what is measured is the other side: one thread, raw HTTP, one small world for each app. The first
line of output is a JSON object with the addresses; the end of the input ends it.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from concurrent import futures
from typing import Any
from urllib.parse import parse_qs, unquote

import grpc
from pulumi.runtime.proto import engine_pb2_grpc

from tests.contracts.pods import deployment, pod
from tests.fakes.cluster import Answer, FakeCluster
from tests.fakes.replicas import FakeReplica
from tests.many import traefik
from tests.many.plans import Pattern

V1, V2 = "1111111111", "2222222222"
OWNER = "0123456789abcdef"
NAMESPACE = "/api/v1/namespaces/test"
DEPLOYMENTS = "/apis/apps/v1/namespaces/test/deployments"
RATE = 20.0

_NAMED = re.compile(r"\bapp\d{3}\b")
_SERVICE = re.compile(r"test-(app\d{3})-([0-9a-f]{10})(?:-fallback)?-80@kubernetescrd")


def named(number: int) -> str:
    return f"app{number:03}"


class World:
    """Everything behind the addresses; `counts` are requests by kind."""

    def __init__(self, apps: int, scrape_s: float) -> None:
        self.counts: Counter[str] = Counter()
        self.reloads = traefik.Reloads()
        self._scrapes = traefik.Scrapes(scrape_s)
        self._shared = FakeCluster()
        for name in traefik.PODS:
            FakeReplica(self._shared, name)
        self._apps = {named(number): _app(named(number)) for number in range(apps)}

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        """A whole HTTP response."""
        if target == "/counters":
            return _response(200, json.dumps({**self.counts, "reloads": self.reloads.count}))
        if "prometheus" in target:
            self.counts["prometheus"] += 1
            return _response(200, self._queried(parse_qs(body.decode())["query"][0]))
        self.counts["traefik" if "/proxy/" in target else "api"] += 1
        asked = unquote(target)
        apps = _asked(f"{asked} {body.decode()}")
        if asked.endswith("search=test-&per_page=10000"):
            apps = list(self._apps)
        if not apps:
            return _rendered(*self._shared.answer(method, target, headers, body))
        request = (target, headers, body)
        if method == "GET" and len(apps) > 1:
            return _merged([self._served(self._apps[name], "GET", request) for name in apps])
        return _rendered(*self._served(self._apps[apps[0]], method, request))

    def _served(
        self, app: traefik.App, method: str, asked: tuple[str, dict[str, str], bytes]
    ) -> Answer:
        now_s = time.time()
        self.reloads.catch_up(now_s)
        app.route(self.reloads.count)
        status, value = app.cluster.answer(method, *asked)
        if method != "GET" and "/traefikservices" in asked[0]:
            self.reloads.changed(now_s)
            app.written(now_s)
        return status, value

    def _queried(self, promql: str) -> str:
        now_s = time.time()
        if promql == "time()":
            return traefik.answer("scalar", f'[{now_s:.3f},"{now_s:.3f}"]')
        from_s = now_s - int(promql.rpartition("[")[2].removesuffix("ms]")) / 1000
        span = (from_s, now_s)
        found = self._scrapes.reload_rows(self.reloads.count, span)
        for match in _SERVICE.finditer(promql.replace("\\", "")):
            if "-fallback" not in match[0]:
                counters = self._apps[match[1]].counters
                found += self._scrapes.rows(match[0], counters, match[2], span)
        return traefik.answer("matrix", f"[{','.join(found)}]")


def _asked(text: str) -> list[str]:
    return list(dict.fromkeys(_NAMED.findall(text)))


def _app(name: str) -> traefik.App:
    """What Pulumi has made, with ready pods of both versions."""
    app = traefik.App(name, time.time(), RATE)
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "canary"}
    metadata = {"name": name, "labels": labels, "annotations": {"canary.rollout/owner": OWNER}}
    app.cluster.put(f"{NAMESPACE}/services", {"metadata": metadata, "spec": {"ports": []}})
    for version in (V1, V2):
        made = deployment(version, 1, app=name)
        made["metadata"]["annotations"] = {"canary.rollout/owner": OWNER}
        app.cluster.put(DEPLOYMENTS, made)
        ready = pod(version, f"{name}-{version}-x")
        ready["metadata"]["labels"]["app.kubernetes.io/name"] = name
        app.cluster.put(f"{NAMESPACE}/pods", ready)
    app.become_ready((V1, V2))
    return app


def _merged(answers: list[Answer]) -> bytes:
    """One list of what each app's part of the world has."""
    found = [value["items"] if isinstance(value, dict) else value for _, value in answers]
    whole: list[Any] = [item for items in found for item in items]
    return _rendered(200, {"kind": "List", "items": whole} if "items" in answers[0][1] else whole)


def _rendered(status: int, value: Any) -> bytes:
    return _response(status, value if isinstance(value, str) else json.dumps(value))


def _response(status: int, text: str) -> bytes:
    body = text.encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


class _Http(asyncio.Protocol):
    """One connection."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._world.counts["connections"] += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, rest = self._buffer.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(": ") for line in lines)
            headers = {name.title(): value for name, _, value in pairs}
            length = int(headers.get("Content-Length", 0))
            if len(rest) < length:
                return
            self._buffer = rest[length:]
            method, target, _ = first.split(" ")
            self._transport.write(self._world.answer(method, target, headers, rest[:length]))


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def Log(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        from google.protobuf import empty_pb2  # noqa: PLC0415

        self._counts["lines"] += 1
        return empty_pb2.Empty()


async def serve(apps: int, pattern: Pattern) -> None:
    """Serve until the input ends."""
    world = World(apps, pattern.scrape_s)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Http(world), "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    engine = grpc.server(futures.ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(_Engine(world.counts), engine)
    engine_port = engine.add_insecure_port("127.0.0.1:0")
    engine.start()
    print(json.dumps({"api": f"http://127.0.0.1:{port}", "engine": f"127.0.0.1:{engine_port}"}))
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    engine.stop(None)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Pattern(*json.loads(sys.argv[2]))))
