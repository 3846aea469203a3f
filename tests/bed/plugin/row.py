"""Lines on a resource's row in the terminal."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2

ANSWER_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One resource's row.

    Attributes:
        engine: the engine's gRPC stub.
    """

    engine: Any
    urn: str

    def say(self, line: str) -> None:
        """Progress: the next line takes its place, and none of them stays."""
        self._log(engine_pb2.INFO, line, ephemeral=True)

    def warn(self, line: str) -> None:
        """A warning that stays."""
        self._log(engine_pb2.WARNING, line, ephemeral=False)

    def _log(
        self, severity: engine_pb2.LogSeverity.ValueType, line: str, *, ephemeral: bool
    ) -> None:
        request = engine_pb2.LogRequest(
            severity=severity, urn=self.urn, message=line, ephemeral=ephemeral
        )
        with contextlib.suppress(grpc.RpcError):  # a line that nobody reads must not stop the work
            self.engine.Log(request, timeout=ANSWER_S)
