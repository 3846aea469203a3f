"""What an A/B release's `match` is in the language of Traefik's rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from canary.config.match import Match, Wanted


def matches_rule(entries: Sequence[Match]) -> str:
    """Return the rule of requests that one of these describes."""
    return " || ".join(f"({' && '.join(_conditions(entry))})" for entry in entries)


def _conditions(entry: Match) -> Iterator[str]:
    for name, wanted in entry.headers.items():
        yield _condition("Header", name, wanted)
    for name, wanted in entry.cookies.items():
        yield f"HeaderRegexp(`Cookie`, `{_cookie(name, wanted)}`)"
    for name, wanted in entry.query_params.items():
        yield _condition("Query", name, wanted)
    if entry.client_ips:
        addresses = " || ".join(f"ClientIP(`{network}`)" for network in entry.client_ips)
        yield f"({addresses})"


def _condition(matcher: str, name: str, wanted: Wanted) -> str:
    if wanted.exact is not None:
        return f"{matcher}(`{name}`, `{wanted.exact}`)"
    return f"{matcher}Regexp(`{name}`, `^{_pattern(wanted, '.*')}$`)"


def _cookie(name: str, wanted: Wanted) -> str:
    """All cookies are one header: their pairs are divided by a semicolon and a space."""
    return f"(?:^|; ?){_quoted(name)}={_pattern(wanted, '[^;]*')}(?:;|$)"


def _pattern(wanted: Wanted, anything: str) -> str:
    if wanted.regex is not None:
        return f"(?:{wanted.regex})"
    if wanted.prefix is not None:
        return _quoted(wanted.prefix) + anything
    if wanted.suffix is not None:
        return anything + _quoted(wanted.suffix)
    return _quoted(wanted.exact or "")


def _quoted(text: str) -> str:
    """As Go's regexp.QuoteMeta."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)
