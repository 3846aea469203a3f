"""The dynamic provider as Pulumi runs it: its own process, spoken to over gRPC."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent import futures
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf import struct_pb2
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

ROOT = Path(__file__).parents[2]
PROVIDER = "__provider"
URN = "urn:pulumi:dev::canary::pulumi-python:dynamic/canary:Rollout::podinfo"


class Wire:
    """A provider process and an engine that listens to it; a context manager."""

    def __init__(self, provider: ResourceProvider, config: Mapping[str, str]) -> None:
        self.reference = str(serialize_provider(provider))
        self.lines: list[tuple[str, bool]] = []
        self._config = config
        self._engine = grpc.server(futures.ThreadPoolExecutor(4))
        engine_pb2_grpc.add_EngineServicer_to_server(_Engine(self.lines), self._engine)
        self._expected: int | None = None
        self._address = f"127.0.0.1:{self._engine.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._engine.start()
        # A program that once had an engine at this port may have left a lock file that says how it
        # ended; no program has overwritten it here.
        self._directory = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.dynamic", self._address],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PULUMI_PROJECT": "canary", "PYTHONPATH": str(ROOT)}
            | {"TMPDIR": self._directory.name},
            start_new_session=True,
        )
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self.stub.Configure(provider_pb2.ConfigureRequest(args=_struct(self._config)))
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._channel.close()
        ended = self._process.poll()
        self._process.kill()
        self._process.communicate()
        self._engine.stop(None)
        self._directory.cleanup()
        assert ended == self._expected, f"the provider ended by itself: {ended}"

    def leave(self) -> None:
        """Let the engine die."""
        self._engine.stop(None).wait()

    def await_end(self, within_s: float) -> int:
        """The exit code of the process, which must end by itself."""
        self._expected = self._process.wait(within_s)
        return self._expected

    def check(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.CheckRequest(urn=URN, olds=self._props(olds), news=self._props(news))
        return _plain(self.stub.Check(request).inputs)

    def changes(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
        request = provider_pb2.DiffRequest(
            id="test/podinfo", urn=URN, olds=self._props(olds), news=self._props(news)
        )
        return bool(self.stub.Diff(request).changes == provider_pb2.DiffResponse.DIFF_SOME)

    def create(self, props: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.CreateRequest(urn=URN, properties=self._props(props))
        return _plain(self.stub.Create(request).properties)

    def update(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(
            id="test/podinfo", urn=URN, olds=self._props(olds), news=self._props(news)
        )
        return _plain(self.stub.Update(request).properties)

    def read(self, props: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.ReadRequest(
            id="test/podinfo", urn=URN, properties=self._props(props)
        )
        return _plain(self.stub.Read(request).properties)

    def delete(self, props: Mapping[str, Any]) -> None:
        request = provider_pb2.DeleteRequest(
            id="test/podinfo", urn=URN, properties=self._props(props)
        )
        self.stub.Delete(request)

    def _props(self, props: Mapping[str, Any]) -> struct_pb2.Struct:
        return _struct({**props, PROVIDER: self.reference})


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self, lines: list[tuple[str, bool]]) -> None:
        self._lines = lines

    def Log(self, request: Any, _context: Any) -> Any:  # noqa: N802
        from google.protobuf import empty_pb2  # noqa: PLC0415

        assert request.urn == URN
        self._lines.append((request.message, request.ephemeral))
        return empty_pb2.Empty()


def _struct(value: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(dict(value))
    return struct


def _plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    found: dict[str, Any] = MessageToDict(struct)
    found.pop(PROVIDER)
    return found
