"""How what a configuration names is reached: the cluster, Prometheus, Traefik's replicas.

Used by the program (preflight) and by the dynamic provider (runs), so that both ask the same way.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

from canary.adapters import http
from canary.adapters.cluster.access import Direct, Endpoint, ServiceAddress, service_proxy
from canary.adapters.cluster.authorized import Authorized
from canary.adapters.cluster.forward import Forwarded
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.cluster.reach import WHAT, Reach, into
from canary.adapters.cluster.secrets import Kept
from canary.adapters.routes.traffic import (
    Endpoints,
    TraefikPods,
    direct_replicas,
    forwarded_replicas,
)
from canary.config import PrometheusAccess, SecretRef, StackConfig
from canary.errors import HookError, MetricsError
from canary.render.names import LOADTESTER, PROMETHEUS, PROMETHEUS_PORT


def cluster(config: StackConfig, kubeconfig: str = "", *, timeout_s: float = 5.0) -> Cluster:
    """The API server; `kubeconfig` is the contents of one that is kept as a secret."""
    return Cluster.connect(
        context=config.kubernetes.context or "",
        kubeconfig_path=config.kubernetes.kubeconfig or "",
        kubeconfig_text=kubeconfig,
        timeout_s=timeout_s,
    )


def prometheus(config: StackConfig, api: Cluster) -> Endpoint:
    """Prometheus by its URL, through the API server's proxy, or by a port-forward."""
    access, endpoint = config.prometheus.access, _prometheus(config, api)
    login = _login(access, access.namespace or config.prometheus.namespace, api)
    if login is None and not access.path and not access.headers:
        return endpoint
    return Authorized(
        endpoint, login or (lambda: access.headers), path=access.path, raises=MetricsError
    )


def _login(
    access: PrometheusAccess, namespace: str, api: Cluster
) -> Callable[[], Mapping[str, str]] | None:
    """Reads every header that a secret is in; None without one."""

    def read(ref: SecretRef) -> str:
        return Kept(namespace=ref.namespace or namespace, name=ref.name, key=ref.key).read(api)

    def headers() -> Mapping[str, str]:
        found = dict(access.headers)
        found |= {name: read(ref) for name, ref in access.secret_headers.items()}
        if access.bearer is not None:
            found["Authorization"] = f"Bearer {read(access.bearer)}"
        if access.basic is not None:
            pair = f"{access.basic.username}:{read(access.basic.password)}"
            found["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return found

    secret = access.secret_headers or access.bearer or access.basic
    return headers if secret else None


def _prometheus(config: StackConfig, api: Cluster) -> Endpoint:
    access = config.prometheus.access
    if access.via == "direct" and access.url:
        trusted = http.trusting(access.ca_certificate) if access.ca_certificate else True
        return Direct("Prometheus", access.url, raises=MetricsError, verify=trusted)
    address = ServiceAddress(
        namespace=access.namespace or config.prometheus.namespace,
        service=access.service or PROMETHEUS,
        port=access.port or PROMETHEUS_PORT,
    )
    if access.via == "portForward":
        return Forwarded("Prometheus", api, address, raises=MetricsError)
    return service_proxy("Prometheus", api, address, raises=MetricsError)


def replicas(config: StackConfig, api: Cluster) -> Endpoints:
    """Every replica of Traefik: its API by URL, or each ready pod, proxied or forwarded to."""
    traefik = config.traefik
    if traefik.access.via == "direct" and traefik.access.url:
        return direct_replicas([traefik.access.url])
    selector = ",".join(f"{key}={value}" for key, value in sorted(traefik.pod_labels.items()))
    pods = TraefikPods(
        namespace=traefik.access.namespace or traefik.namespace,
        selector=selector,
        port=traefik.api_port,
    )
    if traefik.access.via == "portForward":
        return forwarded_replicas(api, pods)
    return lambda: pods.endpoints(api)


def hooks(config: StackConfig, api: Cluster) -> Reach:
    """The servers of webhooks: a URL that names a Service is reached as the load tester is."""
    tester = config.loadtester
    if tester.access.via == "direct" and tester.access.url:
        ours = (tester.access.namespace or tester.namespace, tester.access.service or LOADTESTER)
        direct = Direct(WHAT, tester.access.url, raises=HookError)
        return Reach(lambda at: direct if (at.namespace, at.service) == ours else None)
    if tester.access.via == "portForward":
        return Reach(into(api, lambda at: Forwarded(WHAT, api, at, raises=HookError)))
    return Reach(into(api, lambda at: service_proxy(WHAT, api, at, raises=HookError)))
