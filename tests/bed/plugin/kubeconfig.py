"""Where the cluster is and how to speak to it: from a kubeconfig's contents or path."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.bed.plugin.errors import ClusterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One context of a kubeconfig, resolved.

    Attributes:
        namespace: the context's default namespace.
        tls: None for a plain-text server.
    """

    server: str
    namespace: str
    tls: ssl.SSLContext | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def cluster_of(config: Mapping[str, Any]) -> Cluster:
    """The cluster that a provider's configuration names.

    Raises:
        ClusterError: there is no such kubeconfig, context, cluster or user.
    """
    contents, directory = _contents(config.get("kubeconfig"))
    name = config.get("context") or contents.get("current-context")
    context = _named(contents, "context", name)
    cluster = _named(contents, "cluster", config.get("cluster") or context.get("cluster"))
    user = _named(contents, "user", context["user"]) if context.get("user") else {}
    server = str(cluster.get("server", ""))
    return Cluster(
        server=server.rstrip("/"),
        namespace=context.get("namespace") or "default",
        tls=_tls(cluster, user, directory) if server.startswith("https:") else None,
        headers=_headers(user, directory),
    )


def _contents(given: str | None) -> tuple[dict[str, Any], Path]:
    if given and "\n" not in given and not given.lstrip().startswith("{"):
        path = Path(given).expanduser()
    elif given:
        return _parsed(given, "the provider's kubeconfig"), Path.cwd()
    else:
        listed = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
        path = Path(listed or "~/.kube/config").expanduser()
    try:
        return _parsed(path.read_text(), str(path)), path.parent
    except OSError as error:
        raise ClusterError(f"cannot read the kubeconfig {path}: {error.strerror}") from None


def _parsed(text: str, origin: str) -> dict[str, Any]:
    try:
        contents = yaml.safe_load(text)
    except yaml.YAMLError:
        contents = None  # the parser's own message would quote the text, tokens included
    if not isinstance(contents, dict):
        raise ClusterError(f"{origin} is not a kubeconfig")
    return contents


def _named(contents: dict[str, Any], section: str, name: str | None) -> dict[str, Any]:
    entries = {entry["name"]: entry.get(section) or {} for entry in contents.get(f"{section}s", [])}
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise ClusterError(f"the kubeconfig has no {section} {name!r}; it has: {known}")
    found: dict[str, Any] = entries[name]
    return found


def _headers(user: dict[str, Any], directory: Path) -> dict[str, str]:
    if "exec" in user or "auth-provider" in user:
        raise ClusterError("the stand-in plugin knows certificates and tokens, no login commands")
    token = user.get("token")
    if not token and "tokenFile" in user:
        token = (directory / user["tokenFile"]).read_text().strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _tls(cluster: dict[str, Any], user: dict[str, Any], directory: Path) -> ssl.SSLContext:
    authority = _bytes(cluster, "certificate-authority", directory)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate = _bytes(user, "client-certificate", directory)
    key = _bytes(user, "client-key", directory)
    if certificate and key:
        _load_chain(context, certificate + b"\n" + key)
    return context


def _load_chain(context: ssl.SSLContext, pem: bytes) -> None:
    """`ssl` takes a key from a file alone, so it lies in one (mode 600) for this moment."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)


def _bytes(section: dict[str, Any], key: str, directory: Path) -> bytes | None:
    if data := section.get(f"{key}-data"):
        return base64.b64decode(str(data))
    if path := section.get(key):
        return (directory / str(path)).read_bytes()
    return None
