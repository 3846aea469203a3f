"""One app: what runs, where it is reached, and how a new version of it is released."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from canary.config.analysis import Analysis
from canary.config.base import (
    DnsLabel,
    DnsName,
    Duration,
    Flag,
    Model,
    PositiveDuration,
    Text,
    Whole,
    problem,
    quoted,
)
from canary.config.images import Image
from canary.config.workload import (
    Autoscaler,
    ConfigFiles,
    Env,
    Middleware,
    PodDisruptionBudget,
    PodTemplate,
    Probes,
    Resources,
    Service,
    Shield,
    Tls,
)

ADOPTABLE = ("Service", "TraefikService", "IngressRoute")
LONGEST_LABEL = 63
_LONGEST_SUFFIX = len("-0123456789-fallback")
LONGEST_APP_NAME = LONGEST_LABEL - _LONGEST_SUFFIX


def _path(path: str) -> str:
    if re.fullmatch(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*", path) is None:
        raise problem("must be a path prefix such as /api")
    return path


def _short_enough(name: str) -> str:
    if len(name) > LONGEST_APP_NAME:
        raise problem(
            f"{quoted(name)} has {len(name)} characters; at most {LONGEST_APP_NAME} fit, "
            f"since objects are called <name>-<version>-fallback and end at {LONGEST_LABEL}",
        )
    return name


def _traefik_alone(provider: object) -> object:
    if provider == "traefik":
        return provider
    raise problem("must be traefik: no other router is supported")


def _adoptable(entry: str) -> str:
    kind, _, name = entry.partition("/")
    if kind not in ADOPTABLE or not name:
        kinds = ", ".join(f"{kind}/<name>" for kind in ADOPTABLE)
        raise problem(f"{quoted(entry)} is none of {kinds}")
    return entry


AppName = Annotated[DnsLabel, AfterValidator(_short_enough)]
Adoptable = Annotated[
    str,
    AfterValidator(_adoptable),
    WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(ADOPTABLE)})/"}),
]
Path = Annotated[str, AfterValidator(_path), WithJsonSchema({"type": "string", "pattern": "^/"})]


class TargetRef(Model):
    """The peer's pointer to a Deployment; here the Deployments are made from `image`."""

    api_version: Literal["apps/v1"] = "apps/v1"
    """As in the peer's resource."""
    kind: Literal["Deployment"] = "Deployment"
    """As in the peer's resource."""
    name: DnsLabel
    """Must be the app's name."""


class AppConfig(Model):
    """An app; its key under `canary:apps` is its name."""

    name: AppName = ""
    """The name of its objects, the key unless said: lets one app live in two namespaces."""
    image: Image
    """What to release: changing it is what starts a run."""
    namespace: DnsLabel
    """Where it runs."""
    create_namespace: Flag = True
    """Create that namespace, and delete it with the stack; false: it exists and stays."""
    host: DnsName
    """The host name users ask Traefik for."""
    preview_host: DnsName | None = None
    """Under which name the canary is reached before users are (blue/green); canary.<host>."""
    path: Path | None = None
    """Only requests under this path prefix."""
    entry_points: tuple[Annotated[str, Field(min_length=1)], ...] = ("web",)
    """Traefik's entry points."""
    tls: Tls | None = None
    """TLS on the route; {} for Traefik's default certificate."""
    middlewares: tuple[Middleware, ...] = ()
    """In the order in which requests pass through them."""
    service: Service = Field(default_factory=Service)
    """Ports."""
    replicas: Annotated[Whole, Field(ge=1)] = 2
    """The settled size of a version; with an autoscaler, its minReplicas count."""
    env: Env = Field(default_factory=dict)
    """Environment variables."""
    command: tuple[Text, ...] = ()
    """Replaces the image's entry point."""
    args: tuple[Text, ...] = ()
    """Replaces the image's arguments."""
    resources: Resources = Field(default_factory=Resources)
    """Of the app's container."""
    probes: Probes = Field(default_factory=Probes)
    """When the app is ready and alive."""
    config_files: ConfigFiles = Field(default_factory=dict)
    """Files by their absolute path in the container; part of the version, so they roll back too."""
    image_pull_secrets: tuple[DnsName, ...] = ()
    """Names of Secrets in the app's namespace."""
    pod_template: PodTemplate | None = None
    """Merged over the generated pod template: volumes, sidecars, affinity, lifecycle."""
    autoscaler: Autoscaler | None = None
    """An autoscaler for every version. A run sees to it that it takes no pods away meanwhile, and
    gives the canary as many as the primary has."""
    pod_disruption_budget: PodDisruptionBudget | None = None
    """A budget for every version; {} allows one pod at a time."""
    pre_stop_sleep_seconds: Annotated[Whole, Field(ge=0)] = 5
    """How long a pod goes on serving after it was told to stop, so that no request is cut."""
    termination_grace_period_seconds: Annotated[Whole, Field(ge=1)] = 30
    """When a pod that was told to stop is killed."""
    after: tuple[Text, ...] = ()
    """Keys of apps of this stack that are released before it; one that fails stops this one."""
    analysis: Analysis = Field(default_factory=Analysis)
    """How a release is judged."""
    progress_deadline_seconds: Annotated[Whole, Field(ge=1)] = 600
    """How long a new version may take to become ready, and then a weight to get its pods."""
    skip_analysis: Flag = False
    """Go to 100 % as soon as the new version is ready."""
    rollback_window: Duration = 86400.0
    """A version that was primary so long ago, or less, goes to 100 % as soon as it is ready."""
    soak: Duration | None = None
    """How long the new version is judged at 100 % before the old one may go; one interval."""
    drain: Duration = 10.0
    """How long requests on the way to a version may still take before its pods stop."""
    max_duration: PositiveDuration | None = None
    """The longest a run may take in all."""
    shield: Shield = Field(default_factory=Shield)
    """Keeps the canary's failures from users where a request can be repeated."""
    safe_to_repeat: Flag = False
    """Any request of this route, POST too, may be sent twice without harm."""
    adopt: tuple[Adoptable, ...] = ()
    """What of somebody else's is taken over, without a request lost: Service/<name>,
    TraefikService/<name>, IngressRoute/<name>. As long as it is named it outlives the stack."""
    renderer: Annotated[Whole, Field(ge=1, le=1)] = 1
    """The generation of object templates; raising it releases a new version."""
    provider: Annotated[str, BeforeValidator(_traefik_alone)] = Field(
        default="traefik",
        exclude=True,
    )
    """Accepted from the peer's resource."""
    target_ref: TargetRef | None = Field(default=None, exclude=True)
    """Accepted from the peer's resource."""

    @property
    def shielded(self) -> bool:
        """Whether the shield is up: one list for all methods repeats only what is safe to."""
        single = self.analysis.session_affinity is not None
        return self.shield.enabled and (self.safe_to_repeat or not single)

    @property
    def preview(self) -> str:
        """The host by which a blue/green release is reached, "" for any other."""
        blue_green = self.analysis.iterations and not self.analysis.match
        return (self.preview_host or f"canary.{self.host}") if blue_green else ""

    def adopts(self, kind: str) -> bool:
        """Whether an object of this kind and the app's name may be taken over."""
        return f"{kind}/{self.name}" in self.adopt

    @property
    def most_replicas(self) -> int:
        """How many pods an autoscaler may give a version, 0 without one."""
        return self.autoscaler.max_replicas if self.autoscaler else 0

    @property
    def settled_replicas(self) -> int:
        """How many pods a version has when nothing is going on."""
        return self.autoscaler.min_replicas if self.autoscaler else self.replicas
