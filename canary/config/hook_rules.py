"""Rules about what webhooks are sent besides the payload: everything once, secrets as secrets."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from canary.config.analysis import Webhook
from canary.config.problems import Path, Problem
from canary.redaction import redacted

_OURS = {
    "content-type": "is always application/json",
    "x-canary-timestamp": "belongs to the signature",
    "x-canary-signature": "belongs to the signature",
}


def header_problems(path: Path, hook: Webhook) -> Iterator[Problem]:
    """What does not fit together in one webhook's headers; `path` leads to the webhook."""
    plain = {name.lower() for name in hook.headers}
    for key, names in (("headers", hook.headers), ("secretHeaders", hook.secret_headers)):
        lower = [name.lower() for name in names]
        for name in sorted(_OURS.keys() & set(lower)):
            yield Problem(path=(*path, key), text=f"{name} {_OURS[name]}: remove it")
        if len(set(lower)) < len(lower) or (key == "secretHeaders" and plain & set(lower)):
            text = "names a header that is set twice"
            yield Problem(path=(*path, key), text=text, involved=(path,))
    if "authorization" in plain:
        text = "Authorization belongs into secretHeaders, so that it stays a secret"
        yield Problem(path=(*path, "headers"), text=text)


def query_problems(path: Path, hook: Webhook) -> Iterator[Problem]:
    """What does not fit together in one webhook's query; `path` leads to the webhook."""
    named = [name for name, _ in parse_qsl(urlsplit(hook.url).query, keep_blank_values=True)]
    for name in sorted({name for name in named if _is_secret(name)}):
        text = f"{name} belongs into secretQuery, so that it stays a secret"
        yield Problem(path=(*path, "url"), text=text)
    for name in sorted(hook.secret_query.keys() & set(named)):
        text = f"{name} is in the query of url, too"
        yield Problem(path=(*path, "secretQuery"), text=text, involved=(path,))


def _is_secret(name: str) -> bool:
    """Whether a parameter of this name holds what would be taken out of a text."""
    return redacted(shown := f"{name}=shown") != shown
