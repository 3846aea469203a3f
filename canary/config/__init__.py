"""The stack's whole configuration: parsed once, here, and immutable afterwards."""

from __future__ import annotations

from canary.config.affinity import SessionAffinity
from canary.config.alerts import Alert, AlertProvider, is_address
from canary.config.analysis import Analysis, Evidence, Metric, TemplateRef, ThresholdRange, Webhook
from canary.config.app import AppConfig
from canary.config.gates import gates_of
from canary.config.images import mutable_tag
from canary.config.loading import decoded, load
from canary.config.order_rules import in_order
from canary.config.rules import promotion_of, weights_of
from canary.config.secrets import SecretRef
from canary.config.stack import (
    BUCKET_EDGES_S,
    LOADTESTER_NAME,
    SYSTEM_NAMESPACE,
    Access,
    Guard,
    Kubernetes,
    Loadtester,
    MetricTemplate,
    Prometheus,
    PrometheusAccess,
    StackConfig,
    Storage,
    Traefik,
)
from canary.config.status import ranges_of
from canary.config.workload import (
    Autoscaler,
    EnvVar,
    KeyRef,
    Middleware,
    PodDisruptionBudget,
    Probe,
    Probes,
    Resources,
    Service,
    Shield,
    Tls,
)

__all__ = [
    "BUCKET_EDGES_S",
    "LOADTESTER_NAME",
    "SYSTEM_NAMESPACE",
    "Access",
    "Alert",
    "AlertProvider",
    "Analysis",
    "AppConfig",
    "Autoscaler",
    "EnvVar",
    "Evidence",
    "Guard",
    "KeyRef",
    "Kubernetes",
    "Loadtester",
    "Metric",
    "MetricTemplate",
    "Middleware",
    "PodDisruptionBudget",
    "Probe",
    "Probes",
    "Prometheus",
    "PrometheusAccess",
    "Resources",
    "SecretRef",
    "Service",
    "SessionAffinity",
    "Shield",
    "StackConfig",
    "Storage",
    "TemplateRef",
    "ThresholdRange",
    "Tls",
    "Traefik",
    "Webhook",
    "decoded",
    "gates_of",
    "in_order",
    "is_address",
    "load",
    "mutable_tag",
    "promotion_of",
    "ranges_of",
    "weights_of",
]
