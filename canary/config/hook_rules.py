"""Rules about what webhooks are sent besides the payload: each header once, secrets as secrets."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config.analysis import Webhook
from canary.config.problems import Path, Problem

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
