"""Lines on a resource's row of `pulumi up`, sent to Pulumi's engine.

A courtesy: it never raises, takes at most a second, and gives up on an engine that has gone.
Never of severity ERROR, which would pin the row and fail the update.
"""

from __future__ import annotations

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


class EngineLog:
    """Speaks to the engine at `address` (`sys.argv[-1]` of the provider) about one resource."""

    def __init__(self, address: str, urn: str) -> None:
        self._urn = urn
        self._channel = grpc.insecure_channel(address) if address else None
        self._failures = 0

    @property
    def silent(self) -> bool:
        """Whether it has given up."""
        return self._channel is None or self._failures >= FAILURES

    def say(self, line: str, *, ephemeral: bool = False, warning: bool = False) -> None:
        """Show one line; an ephemeral one is replaced by the next and not kept."""
        if self._channel is None or self._failures >= FAILURES:
            return
        severity = engine_pb2.LogSeverity.Value("WARNING" if warning else "INFO")
        request = engine_pb2.LogRequest(
            severity=severity, message=line, urn=self._urn, ephemeral=ephemeral
        )
        try:
            engine_pb2_grpc.EngineStub(self._channel).Log(request, timeout=TIMEOUT_S)
            self._failures = 0
        except (grpc.RpcError, ValueError):  # ValueError: the channel was closed meanwhile
            self._failures += 1

    def close(self) -> None:
        """Close the connection; later lines are dropped."""
        if self._channel is not None:
            self._channel.close()
