"""Which regular expressions Go accepts, as far as this can be told without Go.

Traefik drops every rule with one that Go does not: the app would then have no route at all. So
only what is known to mean the same there passes: Python parses it, and all its parts are Go's.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence

_MOST = 1000  # how often Go repeats something, all repetitions of repetitions together
_ESCAPED = r"\\(?:[afnrtvdDsSwW]|x[0-9A-Fa-f]{2}|0[0-7]{0,2}|[!-/:-@\[-`{-~ ])"
_PARTS = re.compile(
    rf"""
    (?P<open>    \( (?: \?P<\w+> | \?[ims]*(?:-[ims]+)?: )? (?!\?) )
  | (?P<close>   \) )
  | (?P<repeats> (?: [*+?] | \{{(?P<least>[0-9]+)(?:,(?P<most>[0-9]*))?\}} ) \??(?![*+?]) )
  | (?P<other>
        \(\?[ims]+\)                     # flags for all of it
      | {_ESCAPED} | \\[bBA]
      | \[(?:\^\]|\^(?!\])|\]|(?![\]^]))   # a bracket that comes first is one of the class
            (?:{_ESCAPED}|[^\\\[\]])*\]     # without [:alpha:], which Python does not know
      | (?!\{{[0-9]*,?[0-9]*\}}) [^\\\[()*+?]
    )
    """,
    re.VERBOSE | re.ASCII,
)


def why_not(text: str) -> str:
    """What is wrong with a regular expression, "" if nothing is."""
    try:
        with warnings.catch_warnings(action="ignore"):  # what it may mean to Python one day
            re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is no regular expression: {error}"
    parts: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        part = _PARTS.match(text, at)
        if part is None:
            return f"is no regular expression that Go is known to read, from character {at + 1} on"
        parts.append(part)
        at = part.end()
    if _repetitions(parts) > _MOST:
        return f"repeats something more than {_MOST} times, which Go does not"
    return ""


def _repetitions(parts: Sequence[re.Match[str]]) -> int:
    """How often what is repeated most is repeated; Python has seen that brackets are in pairs."""
    last, most = 1, [1]  # of the last part, and the most in each group that is open
    for part in parts:
        if part["open"]:
            most.append(1)
        elif part["close"]:
            last = most.pop()
        elif part["other"]:
            last = 1
        elif part["least"]:
            last *= max(1, int(part["most"] or part["least"]))
        most[-1] = max(most[-1], last)
    return most[0]
