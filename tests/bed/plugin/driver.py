"""Drives the plugin over its wire protocol as the engine does, for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    provider_pb2,
    provider_pb2_grpc,
    status_pb2,
)

from tests.bed.plugin.api import Api
from tests.bed.plugin.server import Plugin
from tests.bed.plugin.settings import Settings
from tests.bed.plugin.wire import decoded, encoded

Properties = dict[str, Any]


class Rows(engine_pb2_grpc.EngineServicer):
    """The engine's side of the rows: keeps what the plugin says."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str, bool]] = []
        self.spoken = threading.Event()

    def Log(self, request: Any, _context: Any) -> Any:  # noqa: N802
        self.said.append((request.severity, request.message, request.ephemeral))
        self.spoken.set()
        return empty_pb2.Empty()


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """The engine's calls, in plain Python.

    Attributes:
        stub: for the calls that have no method here.
    """

    stub: Any
    rows: Rows

    def check(self, token: str, news: Properties, olds: Properties | None = None) -> Properties:
        """The checked inputs.

        Raises:
            ValueError: the failures that the plugin found.
        """
        request = provider_pb2.CheckRequest(
            urn=urn_of(token), olds=encoded(olds or {}), news=encoded(news), randomSeed=b"seed"
        )
        response = self.stub.Check(request)
        if response.failures:
            raise ValueError("; ".join(failure.reason for failure in response.failures))
        return decoded(response.inputs)

    def diff(self, token: str, old_inputs: Properties, news: Properties) -> Any:
        """The whole answer."""
        request = provider_pb2.DiffRequest(
            urn=urn_of(token), old_inputs=encoded(old_inputs), news=encoded(news)
        )
        return self.stub.Diff(request)

    def create(
        self, token: str, inputs: Properties, *, preview: bool = False, timeout_s: float = 0
    ) -> tuple[str, Properties]:
        """The id and the outputs."""
        request = provider_pb2.CreateRequest(
            urn=urn_of(token), properties=encoded(inputs), preview=preview, timeout=timeout_s
        )
        response = self.stub.Create(request)
        return response.id, decoded(response.properties)

    def update(
        self, token: str, resource_id: str, olds: Properties, news: Properties
    ) -> Properties:
        """The outputs."""
        request = provider_pb2.UpdateRequest(
            id=resource_id, urn=urn_of(token), olds=encoded(olds), news=encoded(news)
        )
        return decoded(self.stub.Update(request).properties)

    def read(
        self, token: str, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties]:
        """The live inputs and outputs; both empty when the object is gone."""
        request = provider_pb2.ReadRequest(
            id=resource_id, urn=urn_of(token), inputs=encoded(inputs)
        )
        response = self.stub.Read(request)
        return decoded(response.inputs), decoded(response.properties)

    def delete(self, token: str, resource_id: str, inputs: Properties) -> None:
        """Return when it is gone."""
        request = provider_pb2.DeleteRequest(
            id=resource_id, urn=urn_of(token), old_inputs=encoded(inputs)
        )
        self.stub.Delete(request)

    def lines(self) -> list[str]:
        """What the rows showed, oldest first."""
        return [message for _, message, _ in self.rows.said]


def urn_of(token: str) -> str:
    """A resource of this type inside a component."""
    return f"urn:pulumi:dev::shop::shop:index:App${token}::thing"


def failure_of(error: grpc.RpcError) -> Any:
    """The ErrorResourceInitFailed that travels with an error."""
    metadata = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(metadata["grpc-status-details-bin"])
    failure = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(failure)
    return failure


@contextmanager
def driven(
    make_api: Callable[[Settings], Api], in_each_thread: Callable[[], None] = lambda: None
) -> Iterator[Driver]:
    """A plugin that listens, and the engine that it logs to."""
    engine = grpc.server(futures.ThreadPoolExecutor(4))
    rows = Rows()
    engine_pb2_grpc.add_EngineServicer_to_server(rows, engine)
    engine_port = engine.add_insecure_port("127.0.0.1:0")
    engine.start()
    stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(f"127.0.0.1:{engine_port}"))
    server = grpc.server(futures.ThreadPoolExecutor(8, initializer=in_each_thread))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(stub, make_api), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Driver(stub=provider_pb2_grpc.ResourceProviderStub(channel), rows=rows)
    server.stop(grace=None).wait()
    engine.stop(grace=None).wait()
