"""A whole stack: how the cluster is reached, what this stack installs, and its apps."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from canary.config.alerts import Addresses, AlertProvider
from canary.config.app import AppConfig
from canary.config.base import (
    DnsLabel,
    DnsName,
    Flag,
    Model,
    Number,
    PositiveDuration,
    Quantity,
    Text,
    Whole,
    problem,
)
from canary.config.images import Image
from canary.config.secrets import SecretRef
from canary.config.urls import HeaderName, HeaderText, Url, UrlPath
from canary.config.workload import Port, Resources

# Upper edges in seconds of the latency histogram: fixed, so that an app's bound can change without
# a restart of the ingress; dense where services usually are.
BUCKET_EDGES_S = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3),
    *(0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0),
)
SYSTEM_NAMESPACE = "canary-system"
LOADTESTER_NAME = "flagger-loadtester"


class Kubernetes(Model):
    """Which cluster; the usual kubeconfig rules apply to what is not said."""

    context: Annotated[str, Field(min_length=1)] | None = None
    """A context of the kubeconfig; its current one unless said."""
    kubeconfig: Annotated[str, Field(min_length=1)] | None = None
    """The path of a kubeconfig; its contents go into the secret canary:kubeconfig instead."""


class Access(Model):
    """How this program, outside the cluster, reaches a server inside it."""

    via: Literal["proxy", "direct", "portForward"] = "proxy"
    """Through the API server's proxy, by `url`, or by a port-forward."""
    url: Url | None = None
    """For `direct`."""
    namespace: DnsLabel | None = None
    """Of the Service, if it is not the one that this stack installs."""
    service: DnsLabel | None = None
    """The Service, if it is not the one that this stack installs."""
    port: Port | None = None
    """Its port, if it is not the one that this stack installs."""


class BasicAuth(Model):
    """A user's name, and where the password is kept."""

    username: HeaderText
    """The name."""
    password: SecretRef
    """The Secret that holds the password."""


class PrometheusAccess(Access):
    """How Prometheus, or what answers like it (Thanos, Mimir, VictoriaMetrics), is asked."""

    path: UrlPath = ""
    """What comes before /api/v1, such as /prometheus; with `direct` it may stand in `url`, too."""
    headers: dict[HeaderName, HeaderText] = Field(default_factory=dict)
    """Sent with every query, such as X-Scope-OrgID; nothing secret, for they are shown."""
    secret_headers: dict[HeaderName, SecretRef] = Field(default_factory=dict)
    """The same from Secrets, in the namespace of Prometheus unless said."""
    bearer: SecretRef | None = None
    """The Secret that holds a bearer token; not with `proxy`, where the API server's own goes."""
    basic: BasicAuth | None = None
    """User and password instead; not with `proxy`, either."""
    ca_certificate: str | None = None
    """For `direct`: whom to trust, as PEM, instead of what this machine trusts."""


class Traefik(Model):
    """The ingress: installed by this stack, or the description of one that exists."""

    install: Flag = True
    """false: use a Traefik that exists."""
    namespace: DnsLabel = "traefik"
    """Where it runs."""
    replicas: Annotated[Whole, Field(ge=1)] = 2
    """How many."""
    image: Image | None = None
    """Instead of the pinned one."""
    service_type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    """How users' traffic comes in."""
    external_traffic_policy: Literal["Cluster", "Local"] | None = None
    """Local keeps the clients' addresses, which clientIPs of a match need."""
    service_annotations: dict[str, Text] = Field(default_factory=dict)
    """For the cloud's load balancer."""
    node_ports: dict[str, Port] = Field(default_factory=dict)
    """Fixed node ports by entry point."""
    args: tuple[str, ...] = ()
    """Further command line flags, such as certificate resolvers."""
    resources: Resources = Field(default_factory=Resources)
    """Of its container, merged over the default."""
    latency_buckets: tuple[Annotated[Number, Field(gt=0, le=3600)], ...] = ()
    """Edges in seconds, added to the fixed list; with install: false, all edges that it has."""
    pod_labels: dict[str, Text] = Field(
        default_factory=lambda: {"app.kubernetes.io/name": "traefik"},
    )
    """How to find the pods of a Traefik that exists."""
    api_port: Port = 8080
    """Of Traefik's API in its pods; never reachable from outside."""
    metrics_port: Port = 9100
    """Of Prometheus metrics in its pods."""
    access: Access = Field(default_factory=Access)
    """How its API is reached."""

    @property
    def bucket_edges_s(self) -> tuple[float, ...]:
        """Every edge of the latency histogram in seconds, rising."""
        if not self.install and self.latency_buckets:
            return tuple(sorted(set(self.latency_buckets)))
        return tuple(sorted({*BUCKET_EDGES_S, *self.latency_buckets}))


class Storage(Model):
    """A volume that outlives the pod."""

    size: Quantity
    """For example 10Gi."""
    storage_class: Annotated[str, Field(min_length=1)] | None = Field(default=None, alias="class")
    """The cluster's default class unless said."""


class Prometheus(Model):
    """The metrics: installed by this stack, or one that exists and scrapes Traefik."""

    install: Flag = True
    """false: use a Prometheus that exists."""
    namespace: DnsLabel = SYSTEM_NAMESPACE
    """Where it runs."""
    scrape_interval: PositiveDuration = 5.0
    """How often it looks at Traefik; of one that exists, say what it does."""
    retention: PositiveDuration = 6 * 3600.0
    """How long samples are kept."""
    storage: Storage | None = None
    """Memory of the node unless said."""
    image: Image | None = None
    """Instead of the pinned one."""
    resources: Resources = Field(default_factory=Resources)
    """Of its container, merged over the default."""
    access: PrometheusAccess = Field(default_factory=PrometheusAccess)
    """How it is reached."""


def _network(value: object) -> str:
    try:
        return str(ipaddress.ip_network(str(value)))
    except ValueError:
        raise problem("must be a network such as 10.0.0.0/24") from None


Network = Annotated[
    str, BeforeValidator(_network), WithJsonSchema({"type": "string", "examples": ["10.0.0.0/24"]})
]


class Loadtester(Model):
    """The load tester: makes requests when a webhook asks for them."""

    install: Flag = True
    """false: none, or one that exists."""
    namespace: DnsLabel = SYSTEM_NAMESPACE
    """Where it runs."""
    image: Image | None = None
    """Instead of the pinned one."""
    resources: Resources = Field(default_factory=Resources)
    """Of its container, merged over the default."""
    allow_from: tuple[Network, ...] = ()
    """Networks beside its own namespace and kube-system that may connect to it: those of the API
    servers, where the cluster enforces policies and webhooks go through the API server's proxy."""
    access: Access = Field(default_factory=Access)
    """How it is reached."""


class Guard(Model):
    """The guard: a small pod that puts traffic back when whoever carried out a run has died."""

    install: Flag = True
    """false: then only the next `pulumi up` repairs what a machine left that died in a run."""
    replicas: Annotated[Whole, Field(ge=1, le=5)] = 1
    """How many: all of them watch, one acts."""
    failed_version_ttl: Annotated[PositiveDuration, Field(alias="failedVersionTTL")] = 3600.0
    """How long a version that failed may keep its pods, where a dead driver left them."""
    image: Image | None = None
    """A Python 3.11 or later, instead of the pinned one."""
    resources: Resources = Field(default_factory=Resources)
    """Of its container, merged over the default."""


class NetworkPolicies(Model):
    """Who may connect to what this stack installs; the load tester is closed in any case."""

    install: Flag = False
    """true: all ports of Traefik but web and websecure, Prometheus and the guard are closed to all
    but those who ask them."""
    allow_from: tuple[Network, ...] = ()
    """Networks beside kube-system of which the API servers' proxy may come; without them a cluster
    that enforces policies may refuse what a run asks."""


class MetricTemplate(Model):
    """A query that metrics of several apps share."""

    query: str
    """PromQL; {{ name }} and {{ service }} are the app's name, {{ namespace }} its namespace,
    {{ target }} the Deployment of the version under test, {{ ingress }} the IngressRoute,
    {{ interval }} the metric's interval or else the analysis', {{ variables.x }} the metric's."""


def _switched(value: object) -> object:
    return {"install": value} if isinstance(value, bool) else value


def _or_flag(model: type[Model]) -> BeforeValidator:
    """A flag in a component's place is its `install`."""
    return BeforeValidator(_switched, json_schema_input_type=model | bool)


class StackConfig(Model):
    """The `canary:` keys of a stack file."""

    kubernetes: Kubernetes = Field(default_factory=Kubernetes)
    """Which cluster."""
    kubeconfig: SecretStr | None = None
    """A kubeconfig's contents: pulumi config set --secret canary:kubeconfig."""
    traefik: Annotated[Traefik, _or_flag(Traefik)] = Field(default_factory=Traefik)
    """The ingress; true or false is short for its `install`, here and with the next four."""
    prometheus: Annotated[Prometheus, _or_flag(Prometheus)] = Field(default_factory=Prometheus)
    """The metrics."""
    loadtester: Annotated[Loadtester, _or_flag(Loadtester)] = Field(default_factory=Loadtester)
    """The load tester."""
    guard: Annotated[Guard, _or_flag(Guard)] = Field(default_factory=Guard)
    """The guard."""
    network_policies: Annotated[NetworkPolicies, _or_flag(NetworkPolicies)] = Field(
        default_factory=NetworkPolicies
    )
    """Who may connect to what."""
    alert_providers: dict[DnsLabel, AlertProvider] = Field(default_factory=dict)
    """Where alerts go, by name."""
    alert_addresses: Addresses = Field(default_factory=dict)
    """Their URLs, by name: pulumi config set --secret --path canary:alertAddresses.NAME URL."""
    metric_templates: dict[DnsName, MetricTemplate] = Field(default_factory=dict)
    """Queries by name, for analysis.metrics.templateRef."""
    apps: dict[str, AppConfig] = Field(default_factory=dict)
    """The apps by name."""

    @model_validator(mode="before")
    @classmethod
    def _keys_are_names(cls, raw: Any) -> Any:
        """An app's key is its name unless it says otherwise."""
        apps = raw.get("apps") if isinstance(raw, dict) else None
        if not isinstance(apps, dict):
            return raw
        named = {
            key: {"name": key, **app} if isinstance(app, dict) else app for key, app in apps.items()
        }
        return {**raw, "apps": named}

    @field_validator("apps", mode="before")
    @classmethod
    def _by_name(cls, apps: Any) -> Any:
        if not isinstance(apps, dict):
            raise problem("must be a mapping from app names to apps")
        return apps
