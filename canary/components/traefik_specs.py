"""What Traefik's objects say: its flags, its pods, what it may read."""

from __future__ import annotations

from typing import Any, Final

from canary.components.crds import GROUP, KINDS
from canary.components.parts import hardened, resources
from canary.config.stack import Traefik
from canary.render.hardening import pod_security
from canary.render.names import system_labels, system_selector

NAME: Final = "traefik"
IMAGE: Final = "docker.io/library/traefik:v3.7.13"
USER: Final = 65532
WEB_PORT: Final = 8000
WEBSECURE_PORT: Final = 8443
READ: Final = ("get", "list", "watch")
# A replica that is told to stop says so on /ping and serves on for as long as others may still
# send to it, then lets the requests that it has end.
ACCEPT_GRACE_S: Final = 10
REQUEST_GRACE_S: Final = 30
STOP_MARGIN_S: Final = 10

Map = dict[str, Any]


def access_rules() -> list[Map]:
    """Return what the CRD provider lists and watches; without all of it Traefik never starts.

    Nodes are left out: they are read for services of type NodePort only, and that is switched off.
    """
    return [
        {
            "apiGroups": [""],
            "resources": ["services", "secrets", "configmaps"],
            "verbs": list(READ),
        },
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": list(READ)},
        {
            "apiGroups": [GROUP],
            "resources": [kind.plural for kind in KINDS],
            "verbs": list(READ),
        },
    ]


def arguments(config: Traefik) -> list[str]:
    """Return Traefik's flags.

    A listed service without endpoints fails alone instead of taking its route down. Names are
    built the plain way, since metrics are told apart by them. A weight is two lists, so two writes:
    with the default throttle of 2 s every step would wait as long for the second one to be live.
    Idle connections are closed before the app closes them, which servers do after 5 s or more: a
    POST that meets that moment is a 502, since nobody may send it again.
    """
    edges = ",".join(f"{edge_s:g}" for edge_s in config.bucket_edges_s)
    return [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--providers.providersthrottleduration=200ms",
        "--serverstransport.forwardingtimeouts.idleconntimeout=4s",
        "--providers.kubernetescrd=true",
        "--providers.kubernetescrd.allowemptyservices=true",
        "--providers.kubernetescrd.disableclusterscoperesources=true",
        "--providers.kubernetescrd.safenaming=false",
        f"--entrypoints.web.address=:{WEB_PORT}",
        *_graceful("web"),
        f"--entrypoints.websecure.address=:{WEBSECURE_PORT}",
        *_graceful("websecure"),
        f"--entrypoints.metrics.address=:{config.metrics_port}",
        "--metrics.prometheus=true",
        "--metrics.prometheus.entrypoint=metrics",
        f"--metrics.prometheus.buckets={edges}",
        f"--entrypoints.traefik.address=:{config.api_port}",
        "--api=true",
        "--api.insecure=true",
        "--api.dashboard=false",
        "--ping=true",
        "--ping.manualrouting=true",
        *config.args,
    ]


def _graceful(entry_point: str) -> list[str]:
    lifecycle = f"--entrypoints.{entry_point}.transport.lifecycle"
    return [
        f"{lifecycle}.requestacceptgracetimeout={ACCEPT_GRACE_S}s",
        f"{lifecycle}.gracetimeout={REQUEST_GRACE_S}s",
    ]


def ready_route_spec() -> Map:
    """Return the route of /ping on the internal entry point.

    Traefik listens before it knows any route; a replica must not get traffic until then.
    """
    return {
        "entryPoints": ["traefik"],
        "routes": [
            {
                "kind": "Rule",
                "match": "Path(`/ping`)",
                "services": [{"kind": "TraefikService", "name": "ping@internal"}],
            },
        ],
    }


def pod_labels(config: Traefik) -> dict[str, str]:
    """Return the labels of Traefik's pods: those that the configuration finds it by among them."""
    own = system_labels(NAME) if config.install else {}
    return {**own, **config.pod_labels}


def pod_selector(config: Traefik) -> dict[str, str]:
    """Return the labels by which Traefik's pods are selected, ours or not."""
    own = system_selector(NAME) if config.install else {}
    return {**own, **config.pod_labels}


def deployment_spec(config: Traefik) -> Map:
    """Return the Deployment's spec: replicas are replaced one by one, never fewer than wanted."""
    return {
        "replicas": config.replicas,
        "revisionHistoryLimit": 3,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "selector": {"matchLabels": pod_selector(config)},
        "template": {
            "metadata": {
                "labels": pod_labels(config),
                # For a Prometheus that is not ours and looks for these.
                "annotations": {
                    "prometheus.io/scrape": "true",
                    "prometheus.io/port": str(config.metrics_port),
                },
            },
            "spec": _pod_spec(config),
        },
    }


def _pod_spec(config: Traefik) -> Map:
    return {
        "serviceAccountName": NAME,
        "enableServiceLinks": False,
        "securityContext": pod_security(USER),
        "terminationGracePeriodSeconds": ACCEPT_GRACE_S + REQUEST_GRACE_S + STOP_MARGIN_S,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": pod_selector(config)},
            },
        ],
        "containers": [_container(config)],
        # Request bodies that are kept to be sent again spill over here.
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def _container(config: Traefik) -> Map:
    ports = {
        "web": WEB_PORT,
        "websecure": WEBSECURE_PORT,
        "metrics": config.metrics_port,
        "traefik": config.api_port,
    }
    return hardened(
        {
            "name": NAME,
            "image": config.image or IMAGE,
            "args": arguments(config),
            "ports": [{"name": name, "containerPort": port} for name, port in ports.items()],
            "readinessProbe": {
                "httpGet": {"path": "/ping", "port": "traefik"},
                "periodSeconds": 1,
                "failureThreshold": 2,
                "timeoutSeconds": 2,
            },
            "livenessProbe": {
                "tcpSocket": {"port": "traefik"},
                "periodSeconds": 10,
                "failureThreshold": 6,
                "timeoutSeconds": 2,
            },
            "resources": resources({"cpu": "100m", "memory": "128Mi"}, config.resources),
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - a mount
        }
    )


def service_spec(config: Traefik) -> Map:
    """Return the spec of the users' way in: the public entry points and no other port."""
    policy = config.external_traffic_policy
    return {
        "type": config.service_type,
        **({"externalTrafficPolicy": policy} if policy else {}),
        "selector": pod_selector(config),
        "ports": [
            {"name": name, "port": port, "targetPort": name, "protocol": "TCP", **node_port}
            for name, port in (("web", 80), ("websecure", 443))
            for node_port in [_node_port(config, name)]
        ],
    }


def _node_port(config: Traefik, entry_point: str) -> Map:
    fixed = config.node_ports.get(entry_point)
    return {"nodePort": fixed} if fixed else {}


def metrics_service_spec(config: Traefik) -> Map:
    """Return the spec of the headless Service whose name resolves to every replica.

    Also to those that are not ready: one that ends its last requests still counts them.
    """
    port = config.metrics_port
    return {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": pod_selector(config),
        "ports": [{"name": "metrics", "port": port, "targetPort": port}],
    }
