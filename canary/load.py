"""How many requests an app gets through Traefik, as its configuration tells.

Load tests are read for what they say: their rate, and whether they go through Traefik at all.
"""

from __future__ import annotations

import itertools
import re
import shlex

from canary.config import AppConfig, Webhook
from canary.core.seen import HookType

_URL_HOST = re.compile(r"https?://(?:[^\s/@\"']*@)?([^\s/:?#\"']+)")
_HEY_WORKERS = 50  # what hey starts when -c is left out


def expected_rate(app: AppConfig) -> float | None:
    """Requests/s through Traefik as configured, or as the load tests say; None if unknown."""
    said = app.analysis.expected_requests_per_second
    if said is not None:
        return said
    hooks = [h for h in app.analysis.webhooks if h.type is HookType.ROLLOUT]
    rates = [_hey_rate(text) for h in hooks if not bypasses(app, h) for text in _commands(h)]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if known else None


def _commands(hook: Webhook) -> list[str]:
    return [text for key, text in hook.metadata.items() if key == "cmd"]


def _hey_rate(command: str) -> float | None:
    """Requests/s of `hey -q RATE -c WORKERS`; None for anything else and for full speed."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if not words or words[0].rsplit("/", 1)[-1] != "hey":
        return None
    options = dict(itertools.pairwise(words))
    try:
        return float(options["-q"]) * float(options.get("-c", _HEY_WORKERS))
    except (KeyError, ValueError):
        return None


def bypasses(app: AppConfig, hook: Webhook) -> bool:
    """Whether the load that a hook makes goes past Traefik, where nothing is counted."""
    short = f"{app.name}.{app.namespace}"
    services = {app.name, short, f"{short}.svc", f"{short}.svc.cluster.local"}
    hosts = {host for text in _commands(hook) for host in _URL_HOST.findall(text)}
    return bool(hosts & (services - {app.host}))


def reaches(host: str, hook: Webhook) -> bool:
    """Whether the load that a hook makes is for this host, by its URL or by a Host header."""
    return any(host in text for text in _commands(hook))
