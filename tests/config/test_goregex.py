"""Regular expressions for Traefik, which is written in Go: what it would not read is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from canary.config.goregex import why_not
from canary.config.match import Match, Wanted

LACKED = "is no regular expression that Go is known to read, from character"


@pytest.mark.parametrize(
    "text",
    [
        "beta|alpha",
        r"(?i)us-(?:east|west)-\d{1,2}",
        r"(?P<major>[1-9]\d*)\.\d+?",
        r"[]a-z^@-]+\x41\.\/",
        r"[^]\-]*\bx{2,}\0",
        r"(?-s:a.b)x{",
        "(a{10}b{90}){10}",
        "ü",
    ],
)
def test_what_both_read_passes(text: str) -> None:
    assert why_not(text) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(", "is no regular expression: missing ), unterminated subpattern at position 0"),
        ("a{1,99999999999}", "is no regular expression: the repetition number is too large"),
        ("(" * 5000 + ")" * 5000, "is no regular expression: maximum recursion depth exceeded"),
        ("a(?=b)", f"{LACKED} 2 on"),
        *(
            (text, f"{LACKED} 1 on")
            for text in (
                "(?!b)a",
                "(?<=a)b",
                "(?<!a)b",
                "(?#why)a",
                "(?>a)b",
                "(?x) a",
                "(?a:a)",
                "(?x:a b)",
                "(?P<é>a)",
                "(?u)a",
                r"\Z",
                r"\u0041",
                r"\é",
                "[[:alpha:]]",
                r"[\b]",
                r"\N{EM DASH}",
            )
        ),
        (r"(a)\1", f"{LACKED} 4 on"),
        ("(?P<a>a)(?P=a)", f"{LACKED} 9 on"),
        ("(a)?(?(1)b|c)", f"{LACKED} 5 on"),
        ("a*+", f"{LACKED} 2 on"),
        ("a{2}+", f"{LACKED} 2 on"),
        ("a{,2}", f"{LACKED} 2 on"),
        ("a{1001}", "repeats something more than 1000 times, which Go does not"),
        ("a{40}|(?:(b{20}c)*){2,60}", "repeats something more than 1000 times, which Go does "),
    ],
)
def test_what_go_would_not_read_is_refused(text: str, why: str) -> None:
    assert why_not(text).startswith(why)
    with pytest.raises(ValidationError):
        Wanted(regex=text)


def test_a_zone_is_no_part_of_a_clients_address() -> None:
    with pytest.raises(ValidationError, match="must be an address or a network"):
        Match.model_validate({"clientIPs": ["fe80::1%eth0"]})
