"""Property values between the engine's protobuf Structs and plain Python.

Secrets and values that are not known yet keep their marks: as `Secret` and as `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS: Final = frozenset(
    {
        _UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # a map
    }
)


class Unknown:
    """The mark of a value that only the update itself will tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that the engine encrypts and that no message may show."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


def decoded(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a request; entries that are null are as good as absent."""
    return {key: _python(value) for key, value in struct.fields.items() if not _is_null(value)}


def encoded(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """The properties of a response."""
    struct = struct_pb2.Struct()
    struct.update({key: _wire(value) for key, value in properties.items()})
    return struct


def revealed(value: Any) -> Any:
    """The same value without its secret marks."""
    if isinstance(value, Secret):
        return revealed(value.value)
    if isinstance(value, dict):
        return {key: revealed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [revealed(inner) for inner in value]
    return value


def marked(value: Any, like: Any) -> Any:
    """`value` with a secret mark wherever `like` has one."""
    if isinstance(like, Secret):
        return value if isinstance(value, Secret) else Secret(value)
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: marked(inner, like.get(key)) for key, inner in value.items()}
    if isinstance(value, list) and isinstance(like, list):
        padded = [*like, *[None] * len(value)]
        return [marked(inner, other) for inner, other in zip(value, padded, strict=False)]
    return value


def is_unknown(value: Any) -> bool:
    """Whether any part of the value is unknown."""
    if isinstance(value, Secret):
        return is_unknown(value.value)
    if isinstance(value, dict):
        return any(map(is_unknown, value.values()))
    if isinstance(value, list):
        return any(map(is_unknown, value))
    return value is UNKNOWN


def secret_texts(value: Any, *, within: bool = False) -> Iterator[str]:
    """Every text that stands inside a secret mark."""
    if isinstance(value, Secret):
        yield from secret_texts(value.value, within=True)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from secret_texts(inner, within=within)
    elif isinstance(value, list):
        for inner in value:
            yield from secret_texts(inner, within=within)
    elif within and isinstance(value, str):
        yield value


def _is_null(value: struct_pb2.Value) -> bool:
    return value.WhichOneof("kind") in {"null_value", None}


def _python(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        inner = decoded(value.struct_value)
        if inner.get(SIGNATURE) == SECRET:
            return Secret(inner.get("value"))
        return inner
    if kind == "list_value":
        return [_python(inner) for inner in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    return value.bool_value if kind == "bool_value" else None


def _wire(value: Any) -> Any:
    if value is UNKNOWN:
        return _UNKNOWN_TEXT
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "value": _wire(value.value)}
    if isinstance(value, Mapping):
        return {key: _wire(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(inner) for inner in value]
    return value
