"""Lines on a resource's row of `pulumi up`, sent to Pulumi's engine.

A courtesy: it never raises, takes at most a second, and gives up on an engine that has gone.
Never of severity ERROR, which would pin the row and fail the update.
"""

from __future__ import annotations

import functools
import sys
from types import FrameType

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

TIMEOUT_S = 1.0
FAILURES = 3  # in a row; one may be a machine that was busy for a second


def request_urn() -> str:
    """The URN of the resource that this thread is creating, updating or deleting, "" if none.

    The SDK does not hand it to a dynamic provider; it is in the gRPC request further up the stack.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  there is no public way to walk up
    while frame is not None:
        urn = getattr(frame.f_locals.get("request"), "urn", "")
        if isinstance(urn, str) and urn:
            return urn
        frame = frame.f_back
    return ""


@functools.lru_cache(maxsize=4)
def _engine(address: str) -> engine_pb2_grpc.EngineStub:
    """One for all runs of a process: it has a connection, and a caller for each of its methods."""
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))


class EngineLog:
    """Speaks to the engine at `address` (`sys.argv[-1]` of the provider) about one resource."""

    def __init__(self, address: str, urn: str) -> None:
        self._urn = urn
        self._engine = _engine(address) if address else None
        self._failures = 0

    def say(self, line: str, *, ephemeral: bool = False, warning: bool = False) -> None:
        """Show one line; an ephemeral one is replaced by the next and not kept."""
        engine = self._engine
        if engine is None or self._failures >= FAILURES:
            return
        severity = engine_pb2.LogSeverity.Value("WARNING" if warning else "INFO")
        request = engine_pb2.LogRequest(
            severity=severity, message=line, urn=self._urn, ephemeral=ephemeral
        )
        try:
            engine.Log(request, timeout=TIMEOUT_S)
            self._failures = 0
        except grpc.RpcError:
            self._failures += 1

    def close(self) -> None:
        """Later lines are dropped."""
        self._engine = None
