"""What the Journal's tests share: a real gRPC engine that keeps what it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from canary.adapters.outlets.enginelog import EngineLog
from canary.adapters.outlets.journal import Audience, EngineJournal
from canary.core.record import Phase, Record
from canary.core.report import Report
from tests.fakes.clock import FakeClock

URN = "urn:pulumi:dev::canary::pulumi-python:canary:Rollout::podinfo"
INFO, WARNING = engine_pb2.LogSeverity.Value("INFO"), engine_pb2.LogSeverity.Value("WARNING")
RECORD = Record(owner="o", run="r1", phase=Phase.PROGRESSING, weight_percent=5)
REPORT = Report(
    app="podinfo",
    namespace="test",
    run="r1",
    outcome="promoted",
    reason="all good",
    from_version="a",
    to_version="b",
    from_image="podinfo:1",
    to_image="podinfo:2",
    started_at=1.0,
    seconds=42.0,
)
SECRET = "S3cr3tT0ken"


class Engine(engine_pb2_grpc.EngineServicer):
    """Keeps what it is told; `hold` makes it hang, `failing` refuse."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.calls = 0
        self.failing = False
        self.hold = threading.Event()
        self.hold.set()

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls += 1
        if self.failing:
            context.abort(grpc.StatusCode.INTERNAL, "no")
        self.hold.wait(10)
        self.said.append(request)
        return empty_pb2.Empty()

    @property
    def lines(self) -> list[str]:
        return [request.message for request in self.said]


@dataclass(slots=True)
class Server:
    engine: Engine
    grpc: Any
    address: str


@contextmanager
def listening() -> Iterator[Server]:
    """An engine on loopback."""
    engine = Engine()
    running = grpc.server(futures.ThreadPoolExecutor(2))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, running)
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    yield Server(engine, running, f"127.0.0.1:{port}")
    engine.hold.set()
    running.stop(0).wait()


@dataclass(slots=True)
class Told:
    """Events that were written; or refused with `error`."""

    error: Exception | None = None
    events: list[tuple[str, str, bool]] = field(default_factory=list)

    def tell(self, reason: str, note: str, *, warning: bool = False) -> bool:
        if self.error:
            raise self.error
        self.events.append((reason, note, warning))
        return True


def journal(server: Server, clock: FakeClock, **audience: Any) -> EngineJournal:
    return EngineJournal(EngineLog(server.address, URN), clock, Audience(**audience))
