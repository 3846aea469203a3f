"""From the IngressRoute that leads to the peer's TraefikService to host, path and TLS."""

from __future__ import annotations

import re
from typing import Any, Final

from canary.convert.documents import Document, listing, mapping, text
from canary.convert.draft import Draft
from canary.convert.remarks import Kind

Map = dict[str, Any]
_RULE: Final = re.compile(
    r"\s*Host\(`(?P<host>[^`]+)`\)(?:\s*&&\s*PathPrefix\(`(?P<path>[^`]+)`\))?\s*"
)


def add_route(draft: Draft, app: Map, routes: list[Document]) -> None:
    """Add host, path, entry points and so on of the first route that leads to the app."""
    for document in routes:
        for index, rule in enumerate(map(mapping, listing(document.spec.get("routes")))):
            if not _leads_to(rule, document, app):
                continue
            place = f"{document.label}: spec.routes[{index}]"
            match = _RULE.fullmatch(text(rule.get("match")))
            if match is None:
                why = "only Host(`…`), and PathPrefix(`…`) with it, is read: set host and path"
                draft.say(Kind.MISSING, f"{place}.match", why)
                continue
            app["host"] = match["host"]
            _rest(app, document.spec, rule, match["path"] or "")
            draft.say(
                Kind.CHANGED, place, f"the app has a route of its own; {_then(document, app)}"
            )
            return


def _then(document: Document, app: Map) -> str:
    """What becomes of the route that there is."""
    named = f"IngressRoute/{app['name']}"
    if (document.name, document.namespace or app["namespace"]) == (app["name"], app["namespace"]):
        return f"name {named} in adopt, and this one becomes it"
    return "remove this one then"


def _leads_to(rule: Map, document: Document, app: Map) -> bool:
    for service in map(mapping, listing(rule.get("services"))):
        namespace = text(service.get("namespace")) or document.namespace or app["namespace"]
        if (service.get("name"), namespace) == (app["name"], app["namespace"]):
            return True
    return False


def _rest(app: Map, spec: Map, rule: Map, path: str) -> None:
    if path.rstrip("/"):
        app["path"] = path
    if listing(spec.get("entryPoints")):
        app["entryPoints"] = listing(spec["entryPoints"])
    if listing(rule.get("middlewares")):
        app["middlewares"] = listing(rule["middlewares"])
    if isinstance(spec.get("tls"), dict):
        app["tls"] = spec["tls"]
