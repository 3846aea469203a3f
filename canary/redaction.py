"""Takes secrets out of text that a person or a log will see.

What looks like a credential goes, even if now and then a harmless word goes with it. Absent on
purpose: knowledge of which secrets this program holds; a secret is best never put into a text.
"""

from __future__ import annotations

import re

HIDDEN = "***"

_END = r"\s\"'<>"  # what ends a URL or a credential in running text
_SCHEME = r"\b[a-z][a-z0-9+.-]{0,20}://"
_PLAIN_HOST = r"(?:\[[0-9A-Fa-f:.]*\]|[^\s/?#:@\"'<>]*)(?::\d*)?(?=[/?#\s\"'<>]|$)"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@ in a URL's authority. Where that part is no host and port, an unescaped "/" or
    # "?" belongs to the password, and everything up to the last "@" goes.
    (
        re.compile(rf"({_SCHEME})(?!{_PLAIN_HOST})[^{_END}]*@", re.IGNORECASE),
        rf"\1{HIDDEN}@",
    ),
    (
        re.compile(rf"({_SCHEME}[^{_END}?#]*)[?#][^{_END}]*", re.IGNORECASE),
        rf"\1?{HIDDEN}",
    ),
    (
        re.compile(rf"(authorization[\"']?\s*[:=]\s*)[\"']?(?:\w+\s+)?[^{_END},]+", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (re.compile(rf"(\bbearer\s+)[^{_END},]{{6,}}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"((?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|credentials?)"
            rf"[\"']?\s*[:=]\s*)[\"']?[^{_END},;&}}]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\beyJ[\w-]{4,}(?:\.[\w-]*)*"), HIDDEN),  # a JSON web token
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[a-z]-|AKIA)[\w-]{8,}"), HIDDEN),
)


def redacted(text: str) -> str:
    """`text` without URL userinfo, URL queries and fragments, bearer tokens and passwords."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def one_line(text: str, limit: int) -> str:
    """`text` redacted, in one line of at most `limit` characters."""
    line = " ".join(redacted(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
