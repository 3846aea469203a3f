"""Rules about how servers in the cluster are reached."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from canary.config.problems import Path, Problem
from canary.config.stack import PrometheusAccess, StackConfig


def access_problems(stack: StackConfig) -> Iterator[Problem]:
    """What does not fit together in the `access` of Traefik, Prometheus and the load tester."""
    for name in ("traefik", "prometheus", "loadtester"):
        part = getattr(stack, name)
        at, access = (name, "access"), part.access
        if (access.via == "direct") != (access.url is not None):
            text = "via: direct needs url" if access.url is None else "belongs to via: direct"
            yield Problem(path=(*at, "url"), text=text, involved=(at,))
        named = access.service is not None and access.port is not None
        if name == "prometheus" and not part.install and access.url is None and not named:
            text = "of a Prometheus that exists: say service and port, or via: direct and url"
            yield Problem(path=at, text=text, involved=(at,))
    yield from _credentials(("prometheus", "access"), stack.prometheus.access)


def _credentials(at: Path, access: PrometheusAccess) -> Iterator[Problem]:
    both = access.bearer is not None and access.basic is not None
    texts = [
        *_headers(access),
        *((("basic", "bearer is set, too: remove one of the two"),) if both else ()),
        *_proxied(access),
        *_trust(access),
    ]
    for key, text in texts:
        yield Problem(path=(*at, key), text=text, involved=(at,))


def _headers(access: PrometheusAccess) -> Iterator[tuple[str, str]]:
    ways = {"headers": [*access.headers], "secretHeaders": [*access.secret_headers]}
    for key, names in ways.items():
        if any(name.lower() == "authorization" for name in names):
            yield key, "Authorization is set by bearer or basic, so that it stays a secret"
    every = [name.lower() for names in ways.values() for name in names]
    if len(set(every)) < len(every):
        yield "secretHeaders", "names a header that is set twice"


def _proxied(access: PrometheusAccess) -> Iterator[tuple[str, str]]:
    for key in ("bearer", "basic"):
        if access.via == "proxy" and getattr(access, key) is not None:
            text = "needs via: direct or portForward: the API server's proxy lets no login through"
            yield key, text


def _trust(access: PrometheusAccess) -> Iterator[tuple[str, str]]:
    if access.ca_certificate is None:
        return
    if not (access.url or "").startswith("https://"):
        yield "caCertificate", "belongs to via: direct with a url of https"
    elif not _is_certificate(access.ca_certificate):
        yield "caCertificate", "must be a certificate in PEM: -----BEGIN CERTIFICATE----- …"


def _is_certificate(text: str) -> bool:
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return True
