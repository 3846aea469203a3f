"""The stand-in's errors and answers in the engine's protocol."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from tests.bed.plugin import wire
from tests.bed.plugin.diff import Difference
from tests.bed.plugin.errors import ClusterError, PluginError, Unready

SHORTEST_REDACTED = 4
Handler = Callable[[Any, Any, Any], Any]


def in_words(handler: Handler) -> Handler:
    """Turn our errors into the engine's, without any text that the request marks as secret."""

    @functools.wraps(handler)
    def answered(self: Any, request: Any, context: Any) -> Any:
        try:
            return handler(self, request, context)
        except Unready as error:
            _abort_unready(error, request, context)
        except ClusterError as error:
            context.abort(grpc.StatusCode.UNKNOWN, redacted(str(error), request))
        except PluginError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, redacted(str(error), request))

    return answered


def redacted(text: str, request: Any) -> str:
    """The text without the request's secrets, plain or base64."""
    for secret in sorted(_secrets(request), key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text


def diff_response(found: Difference) -> Any:
    """The answer to Diff, with every path and its kind of change."""
    kinds = provider_pb2.PropertyDiff.Kind
    detail = {}
    for path, sort in found.changes.items():
        name = sort.upper() + ("_REPLACE" if path in found.replaces else "")
        detail[path] = provider_pb2.PropertyDiff(kind=kinds.Value(name), inputDiff=True)
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some if found.changes else none,
        replaces=sorted(found.replaces),
        deleteBeforeReplace=found.delete_before_replace,
        diffs=sorted({path.split(".")[0].split("[")[0] for path in found.changes}),
        detailedDiff=detail,
        hasDetailedDiff=True,
    )


def _abort_unready(error: Unready, request: Any, context: Any) -> NoReturn:
    """The engine keeps the object in its state, shows the reason and tries again next time."""
    reason = redacted(str(error), request)
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.resource_id,
            properties=wire.encoded(error.outputs),
            inputs=request.news if hasattr(request, "news") else request.properties,
            reasons=[reason],
        )
    )
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=reason, details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, reason)
    raise AssertionError("abort raises")


def _secrets(request: Any) -> Iterator[str]:
    for name in ("properties", "news", "olds", "old_inputs", "inputs"):
        if hasattr(request, name):
            for text in wire.secret_texts(wire.decoded(getattr(request, name))):
                if len(text) >= SHORTEST_REDACTED:
                    yield text
                    yield base64.b64encode(text.encode()).decode()
