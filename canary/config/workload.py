"""What runs: the parts of an app that shape its pods.

Names are Kubernetes' own where Kubernetes has one. Anything not named here goes into `podTemplate`,
which is merged over the generated pod template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from canary.config.base import DnsName, Flag, Model, Quantity, RawObject, Text, Whole, problem
from canary.config.status import checked_status

Port = Annotated[Whole, Field(ge=1, le=65535)]
RESERVED_LABELS = frozenset(
    {"app.kubernetes.io/name", "app.kubernetes.io/version", "app.kubernetes.io/managed-by"},
)
RESERVED_ANNOTATIONS = "canary.rollout/"
_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_FILE = re.compile(r"(/[-._a-zA-Z0-9]+){2,}")
_PORT_NAME = r"^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$"


class KeyRef(Model):
    """A key of a Secret or ConfigMap in the app's namespace."""

    name: DnsName
    """The object."""
    key: Annotated[str, Field(min_length=1, max_length=253)]
    """The key in it."""
    optional: Flag | None = None
    """Start the container even if it does not exist."""


class EnvVar(Model):
    """One environment variable: a value, or where it comes from."""

    value: Text | None = None
    """Plain text; it is part of the version and visible to everybody who reads the stack."""
    secret_key_ref: KeyRef | None = None
    """A Secret's key: the way for anything that must not be seen."""
    config_map_key_ref: KeyRef | None = None
    """A ConfigMap's key."""


def _env_var(value: object) -> object:
    """`NAME: text` is short for `NAME: {value: text}`."""
    return {"value": value} if isinstance(value, str | bool | int | float) else value


def _env_name(name: str) -> str:
    if _ENV_NAME.fullmatch(name) is None:
        raise problem("is not a name for an environment variable")
    return name


def _file_path(path: str) -> str:
    if _FILE.fullmatch(path) is None or "/../" in f"{path}/":
        raise problem("must be the absolute path of a file in a directory, such as /etc/app/x.yaml")
    return path


class _OrText:
    """Tells editors of the short form."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": ["string", "integer", "boolean"]}]}


Env = dict[
    Annotated[str, AfterValidator(_env_name)],
    Annotated[
        EnvVar,
        BeforeValidator(_env_var),
        _OrText(),
    ],
]
ConfigFiles = dict[Annotated[str, AfterValidator(_file_path)], str]


class Service(Model):
    """The port that callers use and the one the container listens on."""

    port: Port = 80
    """Of the apex Service and of every version's."""
    target_port: Port | None = None
    """Of the container; the same as `port` unless said."""
    port_name: Annotated[str, Field(pattern=_PORT_NAME)] = "http"
    """Of the Service's and the container's port."""
    app_protocol: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """For example http or kubernetes.io/h2c."""

    @property
    def container_port(self) -> int:
        """The port that the container listens on."""
        return self.target_port or self.port


class Resources(Model):
    """What a container asks for and may use, by resource name."""

    requests: dict[str, Quantity] = Field(default_factory=dict)
    """What the scheduler sets aside."""
    limits: dict[str, Quantity] = Field(default_factory=dict)
    """What is enforced."""


class Probe(Model):
    """A Kubernetes probe: one of httpGet, tcpSocket, grpc, exec."""

    http_get: RawObject | None = None
    """{path, port, scheme, httpHeaders}."""
    tcp_socket: RawObject | None = None
    """{port}."""
    grpc: RawObject | None = None
    """{port, service}."""
    exec: RawObject | None = None
    """{command}."""
    initial_delay_seconds: Annotated[Whole, Field(ge=0)] | None = None
    """Before the first attempt."""
    period_seconds: Annotated[Whole, Field(ge=1)] | None = None
    """Between attempts."""
    timeout_seconds: Annotated[Whole, Field(ge=1)] | None = None
    """For one attempt."""
    success_threshold: Annotated[Whole, Field(ge=1)] | None = None
    """Attempts in a row until it counts as healthy."""
    failure_threshold: Annotated[Whole, Field(ge=1)] | None = None
    """Attempts in a row until it counts as failed."""


class Probes(Model):
    """When a container is alive and ready; readiness is a TCP connection unless said."""

    readiness: Probe | None = None
    """Only ready pods get traffic."""
    liveness: Probe | None = None
    """A container that fails it is restarted."""
    startup: Probe | None = None
    """The other two wait for it."""


class Autoscaler(Model):
    """A HorizontalPodAutoscaler for every version."""

    min_replicas: Annotated[Whole, Field(ge=1)] = 2
    """Fewest pods."""
    max_replicas: Annotated[Whole, Field(ge=1)]
    """Most pods."""
    target_cpu_utilization_percentage: Annotated[Whole, Field(ge=1)] | None = Field(
        default=None,
        alias="targetCPUUtilizationPercentage",
    )
    """Of what the pods request; 80 if nothing else is said."""
    target_memory_utilization_percentage: Annotated[Whole, Field(ge=1)] | None = None
    """Of what the pods request."""
    metrics: tuple[RawObject, ...] = ()
    """Further metrics, as in autoscaling/v2."""
    behavior: RawObject | None = None
    """As in autoscaling/v2."""


def _pods(value: object) -> object:
    if isinstance(value, str):
        if re.fullmatch(r"(100|[0-9]{1,2})%", value) is None:
            raise problem("must be a number of pods or a percentage such as 50%")
        return value
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or float(str(value)) < 0:
        raise problem("must be a number of pods or a percentage such as 50%")
    return int(float(str(value)))


PodCount = Annotated[
    int | str,
    BeforeValidator(_pods),
    WithJsonSchema({"type": ["integer", "string"]}),
]


class PodDisruptionBudget(Model):
    """How many pods a node drain may take; one at a time unless said."""

    min_available: PodCount | None = None
    """Pods that must stay."""
    max_unavailable: PodCount | None = None
    """Pods that may be gone."""


def pod_template(raw: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """A raw pod template that leaves what this project owns alone."""
    if raw is None:
        return raw
    if set(raw) - {"metadata", "spec"}:
        raise problem("has the keys metadata and spec, and no others")
    for part in ("metadata", "spec"):
        if not isinstance(raw.get(part, {}), Mapping):
            raise problem(f"{part} must be a mapping")
    metadata = raw.get("metadata", {})
    _reserved(metadata.get("labels", {}), metadata.get("annotations", {}))
    return raw


def _reserved(labels: object, annotations: object) -> None:
    if not isinstance(labels, Mapping) or not isinstance(annotations, Mapping):
        raise problem("metadata.labels and metadata.annotations must be mappings")
    taken = sorted(RESERVED_LABELS & set(labels))
    taken += sorted(k for k in annotations if str(k).startswith(RESERVED_ANNOTATIONS))
    if taken:
        raise problem(f"must not set {', '.join(taken)}: versions are told apart by it")


PodTemplate = Annotated[RawObject, AfterValidator(pod_template)]


class Tls(Model):
    """TLS on the app's route, as in Traefik's IngressRoute."""

    secret_name: DnsName | None = None
    """A kubernetes.io/tls Secret in the app's namespace."""
    cert_resolver: str | None = None
    """A certificate resolver of Traefik."""
    options: DnsName | None = None
    """A TLSOption in the app's namespace."""
    domains: tuple[RawObject, ...] = ()
    """[{main, sans}]."""


class Middleware(Model):
    """A Traefik Middleware that requests pass through."""

    name: DnsName
    """Its name."""
    namespace: DnsName | None = None
    """Its namespace; the app's unless said."""


SafeMethod = Literal["GET", "HEAD", "OPTIONS"]


class Shield(Model):
    """Requests that are safe to repeat and that the canary fails are answered by the primary."""

    enabled: Flag = True
    """Needs Traefik 3.7."""
    methods: tuple[SafeMethod, ...] = ("GET", "HEAD", "OPTIONS")
    """Which requests are safe to repeat."""
    status: tuple[str, ...] = ("500-599",)
    """The canary's answers that are replaced: codes or ranges, 400 to 599."""
    max_request_body_bytes: Annotated[Whole, Field(ge=0)] = 1_048_576
    """A longer body is refused with 413, since it must be kept to be sent again."""

    @field_validator("methods")
    @classmethod
    def _some(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        if not methods or len(set(methods)) < len(methods):
            raise problem("must name at least one method, and each once")
        return methods

    @field_validator("status")
    @classmethod
    def _codes(cls, status: tuple[str, ...]) -> tuple[str, ...]:
        checked_status(status)
        if not status:
            raise problem("must hold at least one code; or set enabled: false")
        return status
