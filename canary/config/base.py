"""What every configuration model and value has in common.

Values are checked by functions that raise `problem`: its text is printed as it stands, so it may
quote only what cannot be a secret (durations, numbers, names, images), and only when it is short.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    Strict,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from canary.core import durations

OWN_PROBLEM = "canary"
_QUOTABLE = 60
LABEL = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
HOST = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"


class Model(BaseModel):
    """Immutable, closed to unknown keys, silent about its input when it complains."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


def problem(text: str) -> PydanticCustomError:
    """An error whose text is for people; braces are escaped since pydantic formats it."""
    return PydanticCustomError(OWN_PROBLEM, "{text}", {"text": text})


def quoted(value: object) -> str:
    """The value in quotes if it is short enough to be a name, else a word for it."""
    text = str(value)
    return f"“{text}”" if len(text) <= _QUOTABLE and text.isprintable() else "this text"


def _duration(value: object) -> float:
    if isinstance(value, bool | int | float):
        raise problem(f"{value} has no unit: write {value}s for seconds")
    if not isinstance(value, str):
        raise problem("must be a duration such as 10s")
    try:
        return durations.seconds(value)
    except ValueError as error:
        raise problem(str(error)) from None


def _positive_duration(value: object) -> float:
    duration_s = _duration(value)
    if duration_s <= 0:
        raise problem("must be longer than 0s")
    return duration_s


def _number(value: object) -> object:
    if isinstance(value, str):
        # `pulumi config set --path` writes 99.5 as a text.
        if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) is None:
            raise problem("must be a number")
        return float(value)
    if isinstance(value, bool):
        raise problem("must be a number, not true or false")
    return value


def _text(value: object) -> object:
    """Let `PORT: 8080` and `DEBUG: true` through; 1.10 is refused, for YAML reads it as 1.1."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        raise problem("must be a text: put quotes around it")
    return str(value) if isinstance(value, int) else value


def _label(value: object) -> str:
    if not isinstance(value, str):
        raise problem("must be a text")
    if re.fullmatch(LABEL, value) is None:
        raise problem(
            f"{quoted(value)} is not a DNS label: lower-case letters, digits and dashes, "
            "a letter first, at most 63 characters",
        )
    return value


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise problem("must be a text")
    if len(value) > 253 or re.fullmatch(HOST, value) is None:
        raise problem(f"{quoted(value)} is not a DNS name: lower-case letters, digits, - and .")
    return value


def _quantity(value: object) -> str:
    text = f"{value:g}" if isinstance(value, int | float) else value
    if isinstance(value, bool) or not isinstance(text, str):
        raise problem("must be a quantity such as 100m or 64Mi")
    if re.fullmatch(_QUANTITY, text) is None:
        raise problem(f"{quoted(text)} is not a quantity such as 100m or 64Mi")
    return text


def _mapping(value: object) -> object:
    if not isinstance(value, Mapping):
        raise problem("must be a mapping")
    return value


_DURATION_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": durations.PATTERN, "examples": ["10s", "1m30s", "500ms"]},
)
_AS_WRITTEN = PlainSerializer(durations.text_of, return_type=str)

Duration = Annotated[float, BeforeValidator(_duration), _AS_WRITTEN, _DURATION_SCHEMA]
PositiveDuration = Annotated[
    float,
    BeforeValidator(_positive_duration),
    _AS_WRITTEN,
    _DURATION_SCHEMA,
]
Whole = Annotated[int, BeforeValidator(_number)]
Number = Annotated[float, BeforeValidator(_number)]
Flag = Annotated[bool, Strict()]
Text = Annotated[
    str,
    BeforeValidator(_text),
    WithJsonSchema({"type": ["string", "integer", "boolean"]}),
]
DnsLabel = Annotated[
    str, BeforeValidator(_label), WithJsonSchema({"type": "string", "pattern": LABEL})
]
DnsName = Annotated[
    str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": HOST})
]
Quantity = Annotated[
    str, BeforeValidator(_quantity), WithJsonSchema({"type": ["string", "number"]})
]
RawObject = Annotated[dict[str, Any], BeforeValidator(_mapping)]
