"""Durations as Go writes them: "10s", "1m30s", "500ms", "1.5h".

Configuration speaks this grammar because the peer's does. Negative durations do not exist here, and
there is no unit above the hour, since a day's length is not a constant.
"""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS_NS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,  # the micro sign
    "\u03bcs": 10**3,  # the Greek letter
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_LONGEST_NS = 2**63 - 1  # what Go can hold: about 292 years
_TERM = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([a-z\u00b5\u03bc]+)")
# The same grammar for editors, which know only regular expressions.
PATTERN = "^\\+?(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$"
_MOST_CHARACTERS = 40


def seconds(text: str) -> float:
    """The duration in seconds, 0 or more.

    Raises:
        ValueError: not a duration; the message says what to write, and quotes only short texts.
    """
    if not text or len(text) > _MOST_CHARACTERS or not text.isprintable():
        raise ValueError("a duration is a number with a unit, such as 10s or 1m30s")
    rest = text.removeprefix("+")
    if rest == "0":
        return 0.0
    total_ns, position = Fraction(0), 0
    while position < len(rest):
        term = _TERM.match(rest, position)
        if term is None:
            raise ValueError(_complaint(text))
        number, unit = term.groups()
        if unit not in _UNITS_NS:
            raise ValueError(f"“{text}” is not a duration: unit “{unit}” is none of {_UNIT_LIST}")
        total_ns += Fraction(f"0{number}0" if "." in number else number) * _UNITS_NS[unit]
        position = term.end()
    if position == 0:
        raise ValueError(_complaint(text))
    if total_ns > _LONGEST_NS:
        raise ValueError(f"“{text}” is longer than 292 years")
    return float(total_ns / 10**9)


_UNIT_LIST = "ns, us, ms, s, m, h"


def _complaint(text: str) -> str:
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return f"“{text}” has no unit: write {text}s for seconds"
    if text.startswith("-"):
        return f"“{text}” is negative"
    return f"“{text}” is not a duration: write a number with a unit, such as 10s or 1m30s"


def text_of(duration_s: float) -> str:
    """The shortest text that `seconds` reads as the same nanoseconds: "1m30s", "500ms", "0s".

    Raises:
        ValueError: negative.
    """
    rest_ns = round(Fraction(duration_s) * 10**9)
    if rest_ns < 0:
        raise ValueError("a duration is not negative")
    if rest_ns == 0:
        return "0s"
    if rest_ns < _UNITS_NS["s"]:
        unit = next(u for u in ("ms", "us", "ns") if rest_ns >= _UNITS_NS[u])
        return _decimal(rest_ns, unit)
    hours, rest_ns = divmod(rest_ns, _UNITS_NS["h"])
    minutes, rest_ns = divmod(rest_ns, _UNITS_NS["m"])
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""]
    return "".join(parts) + (_decimal(rest_ns, "s") if rest_ns else "")


def _decimal(amount_ns: int, unit: str) -> str:
    whole, rest = divmod(amount_ns, _UNITS_NS[unit])
    digits = len(str(_UNITS_NS[unit])) - 1
    fraction = f"{rest:0{digits}d}".rstrip("0")
    return f"{whole}.{fraction}{unit}" if fraction else f"{whole}{unit}"
