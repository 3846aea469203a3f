"""From a query of the peer's to one that finds the same requests and pods here."""

from __future__ import annotations

import re
from typing import Final

from canary.convert.draft import Draft
from canary.convert.remarks import Kind

_BESIDE: Final = r"\{{\{{\s*(?:target|service|name)\s*\}}\}}-{}(?!\w)"
_CANARY: Final = re.compile(_BESIDE.format("canary"))
_PRIMARY: Final = re.compile(_BESIDE.format("primary"))
_TARGET: Final = re.compile(r"\{\{\s*target\s*\}\}")

_REWRITTEN: Final = (
    "the peer's …-canary becomes {{ target }}, which names Deployment and Service of the version "
    "under test here"
)
_OTHER_TARGET: Final = "{{ target }} is the Deployment of the version under test here"
_NO_PRIMARY: Final = (
    "names the peer's …-primary, which matches nothing here, and no variable names what serves: "
    "write another query"
)


def adapted(draft: Draft, query: str, place: str) -> str:
    """The query with this project's names; what it means otherwise is said of `place`."""
    if _PRIMARY.search(query):
        draft.say(Kind.MISSING, place, _NO_PRIMARY)
    here = _CANARY.sub("{{ target }}", query)
    if here != query:
        draft.say(Kind.CHANGED, place, _REWRITTEN)
    elif _TARGET.search(query):
        draft.say(Kind.CHANGED, place, _OTHER_TARGET)
    return here
