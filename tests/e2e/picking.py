"""What an A/B release may pick requests by: who is meant, and who is nearly so."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from canary.components.traefik_specs import WEB_PORT
from tests.bed.world import NODE_ADDRESS
from tests.e2e.scripts import Script
from tests.e2e.world import World

SCRIPT = Path(__file__).with_name("callers.py")

# A way to pick: kind, name, and what the value must be; the values that are, and that are not.
WAYS: tuple[tuple[str, str, dict[str, str], tuple[str, ...], tuple[str, ...]], ...] = (
    ("headers", "x-canary", {"exact": "insider"}, ("insider",), ("insiders", "Insider")),
    ("headers", "x-tier", {"prefix": "gold."}, ("gold.1",), ("goldx1", "a gold.1")),
    ("headers", "x-build", {"suffix": "-rc"}, ("7-rc",), ("7-rc2",)),
    ("headers", "x-region", {"regex": "eu|us-[0-9]+"}, ("eu", "us-12"), ("europe", "aus-1")),
    ("cookies", "canary", {"exact": "always"}, ("always",), ("alway", "always2")),
    ("cookies", "team", {"prefix": "blue"}, ("blue", "bluest"), ("a-blue",)),
    ("cookies", "lot", {"suffix": "7"}, ("17", "7"), ("71",)),
    ("cookies", "group", {"regex": "a+|b"}, ("aa", "b"), ("ab", "c")),
    ("queryParams", "next", {"exact": "1"}, ("1",), ("11",)),
    ("queryParams", "theme", {"prefix": "dark"}, ("dark", "darker"), ("a-dark",)),
    ("queryParams", "lang", {"suffix": "-CH"}, ("de-CH",), ("de-CHX",)),
    ("queryParams", "v", {"regex": "[0-9]+|next"}, ("12", "next"), ("12a", "nexts")),
)
FROM_NODE = {"clientIPs": [NODE_ADDRESS], "headers": {"x-here": {"exact": "yes"}}}
MATCH: list[dict[str, Any]] = [
    *({kind: {name: wanted}} for kind, name, wanted, _, _ in WAYS),
    FROM_NODE,
]


class Callers(Script):
    """Everybody of WAYS, and three who are in the right place, say the right thing, or both.

    They call a replica of Traefik itself: on the way through its Service all become one address.
    """

    def __init__(self, world: World) -> None:
        ready = ("-n", "traefik", "get", "pods", "-l", "app.kubernetes.io/name=traefik", "-o")
        address = world.bed.kubectl(*ready, "jsonpath={.items[0].status.podIP}")
        everybody = json.dumps(list(_callers(world.host)))
        options = (address, str(WEB_PORT), everybody)
        super().__init__(world.bed, SCRIPT, options, world.directory / "callers.jsonl")

    def begun(self) -> bool:
        return set(self.met(0, float("inf"))) == {c["name"] for c in _callers("")}

    def met(self, since: float, until: float) -> dict[str, set[str]]:
        """Whom each met who asked and was answered in this time (unix s); "not …" is not meant."""
        found: dict[str, set[str]] = defaultdict(set)
        for name, sent, answered, status, who in self.rows():
            if since <= sent and answered < until:
                found[name].add(who if status == 200 else f"{status}")
        return dict(found)


def _callers(host: str) -> Iterator[dict[str, Any]]:
    for kind, name, _, meant, others in WAYS:
        for value in (*meant, *others):
            who = f"{'' if value in meant else 'not '}{kind} {name}={value}"
            yield _caller(who, host, **_said(kind, name, value))
    here = {"x-here": "yes"}
    yield _caller("client and header", host, headers=here, source=NODE_ADDRESS)
    yield _caller("not client", host, headers=here)
    yield _caller("not header", host, source=NODE_ADDRESS)


def _caller(
    name: str,
    host: str,
    *,
    path: str = "/",
    headers: dict[str, str] | None = None,
    source: str = "",
) -> dict[str, Any]:
    return {
        "name": name,
        "path": path,
        "headers": {"Host": host, **(headers or {})},
        "source": source,
    }


def _said(kind: str, name: str, value: str) -> dict[str, Any]:
    """How a request says this; a cookie among others, one of whose names ends likewise."""
    if kind == "queryParams":
        return {"path": f"/?a=1&{name}={value}"}
    if kind == "cookies":
        return {"headers": {"Cookie": f"a=1; {name}={value}; b{name}=no"}}
    return {"headers": {name: value}}
