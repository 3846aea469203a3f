"""The rules of blue/green and A/B routes: each request meets exactly one of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from canary.components.app_specs import route_spec
from canary.components.match_rules import matches_rule
from canary.config.match import Match
from tests.components.apps import app_of

HOST = "Host(`app.example.com`)"
SAFE = "(Method(`GET`) || Method(`HEAD`) || Method(`OPTIONS`))"
CHOSEN = "((Header(`x-canary`, `insider`)))"
INSIDER = {"headers": {"x-canary": {"exact": "insider"}}}


def routes(**changes: Any) -> list[tuple[str, str, int]]:
    found = route_spec(app_of(**changes))["routes"]
    return [(r["match"], r["services"][0]["name"], r["priority"]) for r in found]


def test_matching_requests_have_lists_of_their_own() -> None:
    found = routes(analysis={"iterations": 5, "match": [INSIDER]})
    picked, others = f"({HOST}) && {CHOSEN}", f"({HOST}) && !{CHOSEN}"
    assert found == [
        (f"({picked}) && {SAFE}", "podinfo-canary-shielded", len(HOST)),
        (f"({picked}) && !{SAFE}", "podinfo-canary", len(HOST)),
        (f"({others}) && {SAFE}", "podinfo-shielded", len(HOST)),
        (f"({others}) && !{SAFE}", "podinfo", len(HOST)),
    ]


def test_a_preview_host_leads_to_the_canary_unshielded() -> None:
    preview = "Host(`canary.app.example.com`)"
    found = routes(analysis={"iterations": 5})
    assert found[:2] == routes()
    assert found[2:] == [(preview, "podinfo-canary", len(preview))]
    named = routes(analysis={"iterations": 5}, previewHost="next.example.com", path="/api")
    assert named[2][0] == "Host(`next.example.com`) && PathPrefix(`/api`)"


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (INSIDER, "(Header(`x-canary`, `insider`))"),
        ({"headers": {"a": {"prefix": "b."}}}, r"(HeaderRegexp(`a`, `^b\..*$`))"),
        ({"headers": {"a": {"suffix": "b"}}}, "(HeaderRegexp(`a`, `^.*b$`))"),
        ({"headers": {"a": {"regex": "b|c"}}}, "(HeaderRegexp(`a`, `^(?:b|c)$`))"),
        ({"queryParams": {"q": {"exact": "1"}}}, "(Query(`q`, `1`))"),
        ({"queryParams": {"q": {"prefix": "1"}}}, "(QueryRegexp(`q`, `^1.*$`))"),
        (
            {"clientIPs": ["10.0.0.0/8", "::1"], **INSIDER},
            "(Header(`x-canary`, `insider`) && (ClientIP(`10.0.0.0/8`) || ClientIP(`::1/128`)))",
        ),
    ],
)
def test_an_entry_is_a_rule_of_traefik(entry: dict[str, Any], rule: str) -> None:
    match = Match.model_validate(entry)
    assert matches_rule([match]) == rule
    assert matches_rule([match, match]) == f"{rule} || {rule}"


@pytest.mark.parametrize(
    ("wanted", "yes", "no"),
    [
        ({"exact": "a.b"}, ("c=a.b", "x=1; c=a.b; y=2"), ("c=axb", "cc=a.b", "c=a.bc", "x=c=a.b")),
        ({"prefix": "a"}, ("c=ab; y=2", "c=a"), ("c=b", "xc=a")),
        ({"suffix": "z"}, ("c=abz", "c=z; y=1"), ("c=a; y=z", "c=zy")),
        ({"regex": "a+|b"}, ("c=aa", "y=1; c=b"), ("c=ac", "c=")),
    ],
)
def test_a_cookie_is_found_among_others(
    wanted: dict[str, str], yes: tuple[str, ...], no: tuple[str, ...]
) -> None:
    rule = matches_rule([Match.model_validate({"cookies": {"c": wanted}})])
    (pattern,) = re.findall(r"HeaderRegexp\(`Cookie`, `([^`]*)`\)", rule)
    assert all(re.search(pattern, header) for header in yes)
    assert not any(re.search(pattern, header) for header in no)
