"""Who we are to which API server: a kubeconfig (file, text, exec plugin, OIDC) or a pod's account.

The official client's loader does the work and is imported only when needed; its generated classes
are neither used nor imported, see `loader`. Absent on purpose: writing a kubeconfig, choosing a
context.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from canary.adapters import http
from canary.adapters.cluster.loader import official
from canary.errors import ClusterError

IN_CLUSTER = "in-cluster"
_TUNNEL_TIMEOUT_S = 5.0


def _no_tunnel(_path: str, _port: int) -> socket.socket:
    raise ClusterError("this login opens no port-forwards; use via: proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One way into one API server.

    `context` is its name for people; `token` gives the current Authorization header, "" without
    one, and refreshes an expired token first. `server_name` is the TLS name, "" for the host's.
    `tunnel` opens a byte stream to a port of the pod at an API path.
    """

    context: str
    host: str
    verify: ssl.SSLContext
    token: Callable[[], str]
    server_name: str = ""
    tunnel: Callable[[str, int], socket.socket] = _no_tunnel


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where to read the kubeconfig: `text` wins over `path`; without both as kubectl does."""

    context: str = ""
    path: str = ""
    text: str = ""

    def login(self) -> Login:
        """Read everything anew, credential plugins included.

        Raises:
            ClusterError: no or a broken kubeconfig, an unknown context, a plugin that failed.
        """
        if self.text:
            return _from_tree(_parsed(self.text), self, persist=None)
        paths = self.path or os.environ.get("KUBECONFIG") or str(Path("~/.kube/config"))
        if any(Path(part).expanduser().is_file() for part in paths.split(os.pathsep)):
            return _from_files(paths, self)
        if not self.path and os.environ.get("KUBERNETES_SERVICE_HOST"):
            return _in_cluster(self)
        raise ClusterError(
            f"no kubeconfig at {paths}: set canary:kubernetes.kubeconfig, canary:kubeconfig or "
            "KUBECONFIG"
        )


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:  # its text quotes the file, which may be a key
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise ClusterError(f"the kubeconfig is not valid YAML{line}") from None
    except (ValueError, RecursionError):  # a date that does not exist, or no end of brackets
        raise ClusterError("the kubeconfig is not valid YAML") from None


def _from_files(paths: str, source: Source) -> Login:
    kube_config = official("config.kube_config")
    try:
        merger = kube_config.KubeConfigMerger(paths)
    except OSError as error:
        raise ClusterError(f"the kubeconfig cannot be read: {error.strerror}") from None
    except Exception:  # noqa: BLE001 - whatever the loader says may quote the file
        raise ClusterError(f"the kubeconfig at {paths} is not valid") from None
    return _from_tree(merger.config, source, persist=merger.save_changes)


def _from_tree(tree: Any, source: Source, *, persist: Callable[[], None] | None) -> Login:
    kube_config = official("config.kube_config")
    name = _context(tree, source.context)
    configuration = kube_config.Configuration()
    try:
        loader = kube_config.KubeConfigLoader(tree, active_context=name, config_persister=persist)
        loader.load_and_set(configuration)
    except Exception as error:  # noqa: BLE001 - the loader raises half a dozen kinds
        raise ClusterError(_refused(name, error)) from None
    _demand_credentials(tree, name, configuration)
    return _login(name, configuration)


def _refused(name: str, error: Exception) -> str:
    # Only the loader's own sentences name keys and files; other texts may quote a credential.
    known = type(error).__name__ == "ConfigException"
    first = (str(error).splitlines() or [""])[0]
    return f"context `{name}` of the kubeconfig cannot be used: " + (
        first if known else type(error).__name__
    )


def _context(tree: Any, wanted: str) -> str:
    raw = _plain(tree)
    if not isinstance(raw, dict) or not isinstance(raw.get("contexts"), list):
        raise ClusterError("the kubeconfig has no contexts")
    names = sorted(str(_mapping(entry).get("name", "")) for entry in raw["contexts"])
    name = wanted or str(raw.get("current-context") or "")
    if name and name in names:
        return name
    has = f"it has: {', '.join(names) or 'none'}"
    if not name:
        raise ClusterError(f"the kubeconfig has no current context; set canary:kubernetes ({has})")
    raise ClusterError(f"context `{name}` does not exist in the kubeconfig; {has}")


def _mapping(node: Any) -> dict[str, Any]:
    """A node that should be one; anything else has no entries."""
    raw = _plain(node)
    return raw if isinstance(raw, dict) else {}


def _plain(node: Any) -> Any:
    """What a node of the loader's merged tree wraps."""
    return getattr(node, "value", node)


def _demand_credentials(tree: Any, name: str, configuration: Any) -> None:
    """The loader only logs that a plugin failed; without this the call would be anonymous."""
    if configuration.api_key or configuration.cert_file:
        return
    raw = _plain(tree)
    contexts = {str(entry.get("name")): entry for entry in map(_mapping, raw["contexts"])}
    user = _mapping(contexts[name].get("context")).get("user")
    for entry in map(_mapping, raw.get("users") or []):
        plugin = _mapping(_mapping(entry.get("user")).get("exec"))
        if plugin and entry.get("name") == user:
            command = Path(str(plugin.get("command", ""))).name
            raise ClusterError(
                f"the credential plugin `{command}` of context `{name}` gave no credentials; "
                "run it by hand or log in again"
            )


def _in_cluster(source: Source) -> Login:
    if source.context:
        raise ClusterError(f"context `{source.context}` does not exist: there is no kubeconfig")
    loader = official("config.incluster_config")
    configuration = loader.Configuration()
    try:
        loader.load_incluster_config(client_configuration=configuration)
    except (loader.ConfigException, OSError) as error:
        raise ClusterError(f"the pod's service account cannot be used: {error}") from None
    return _login(IN_CLUSTER, configuration)


def _login(name: str, configuration: Any) -> Login:
    renewing = threading.Lock()  # a credential plugin is started once, not by every run

    def token() -> str:
        # The configuration's own hook runs first and renews what has expired.
        with renewing:
            return str(configuration.get_api_key_with_prefix("authorization") or "")

    if not http.is_url(str(configuration.host)):
        raise ClusterError(f"the server of context `{name}` is no URL such as https://host:6443")
    return Login(
        context=name,
        host=str(configuration.host),
        verify=_trust(name, configuration),
        token=token,
        server_name=str(configuration.tls_server_name or ""),
        tunnel=partial(_tunnel, configuration, token),
    )


def _tunnel(configuration: Any, token: Callable[[], str], path: str, port: int) -> socket.socket:
    """Open a port-forward of the API server's, as `kubectl port-forward` does, but for us alone."""
    import websocket  # noqa: PLC0415 - comes with the official client, only needed here

    ws_client = official("stream.ws_client")
    websocket.setdefaulttimeout(_TUNNEL_TIMEOUT_S)
    try:
        forward = ws_client.portforward_call(
            configuration,
            "GET",
            f"{configuration.host}{path}/portforward",
            query_params=[("ports", str(port))],
            headers={"authorization": token()} if token() else {},
        )
    except ws_client.ApiException as error:
        status = re.search(r"Handshake status (\d+)", str(error.reason))
        code = int(status[1]) if status else 0
        why = f"was refused ({code})" if code else "could not be opened"
        raise ClusterError(
            f"a port-forward to {path.rsplit('/', 1)[-1]}:{port} {why}",
            retryable=code in (0, 404) or code >= 500,
            status=code,
        ) from None
    stream: socket.socket = forward.socket(port)
    return stream


def _trust(name: str, configuration: Any) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        # Clusters' own authorities often lack the key identifiers that newer Pythons insist on.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
    except (OSError, ValueError):  # ssl.SSLError is an OSError; its text may name a temporary file
        raise ClusterError(f"the certificates of context `{name}` cannot be read") from None
    return context
