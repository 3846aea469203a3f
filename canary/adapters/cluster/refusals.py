"""What the API server's refusals mean, in one line that says what to do."""

from __future__ import annotations

import re

from canary.adapters import http
from canary.errors import ClusterError, ConflictError, PortError
from canary.redaction import redacted

_PLACE = re.compile(r"/namespaces/(?P<namespace>[^/]+)/(?P<what>.+)$")
_GROUP = re.compile(r"^/(api/v1|apis/[^/]+/[^/]+)/")
_LIMIT = 400


def is_verdict(response: http.Response) -> bool:
    """Whether the API server itself speaks, rather than something behind its proxy."""
    return http.json_of(response).get("kind") == "Status"


def refusal(response: http.Response, *, path: str, host: str, context: str) -> PortError:
    """The error for an answer of 400 or more."""
    status = response.status_code
    says = _message(response)
    if status == 409:
        return ConflictError(f"{named(path)}: {says}")
    if status == 401:
        text = (
            f"token expired or refused (401) for context `{context}` at {host}; log in again and "
            "check that the kubeconfig belongs to this cluster"
        )
    elif status == 403:
        text = f"not permitted for context `{context}`: {says}"
    elif status == 404:
        text = _missing(response, path, host, says)
    elif status == 429 or status >= 500:
        text = f"the API server at {host} is busy or failing ({status}) for {named(path)}: {says}"
        return ClusterError(text, retryable=True, status=status)
    else:
        text = f"the API server refused {named(path)} ({status}): {says}"
    return ClusterError(text, status=status)


def named(path: str) -> str:
    """What a path names, for people: "deployments/podinfo in namespace test"."""
    place = _PLACE.search(path)
    if place:
        return f"{place['what']} in namespace {place['namespace']}"
    return _GROUP.sub("", path).lstrip("/")


def _missing(response: http.Response, path: str, host: str, says: str) -> str:
    if http.json_of(response).get("details", {}).get("name"):
        return f"{named(path)} at {host}: {says}"
    # Without a name it is the kind of object that the server does not know.
    kind = named(path).split(" in namespace ", maxsplit=1)[0].split("/", maxsplit=1)[0]
    return f"the API server at {host} knows no {kind}; is their CRD installed?"


def _message(response: http.Response) -> str:
    text = str(http.json_of(response).get("message") or http.excerpt(response) or "no reason given")
    text = " ".join(redacted(text).split())
    return text if len(text) <= _LIMIT else text[:_LIMIT] + "…"
