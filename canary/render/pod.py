"""The pod template of a version, as this program generates it before `podTemplate` is merged.

Hardened by default: an image that needs more says so in `podTemplate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from canary.config.app import AppConfig
from canary.config.workload import EnvVar
from canary.render.files import VOLUME, file_mounts
from canary.render.hardening import container_security, pod_security

# Any user but root.
USER: Final = 65532
SCRATCH: Final = "/tmp"  # noqa: S108 - a mount: the one place an app may write to by default

Map = dict[str, Any]


def generated_template(app: AppConfig, *, files_map: str, labels: Mapping[str, str]) -> Map:
    """Return the template; `files_map` names the ConfigMap of the configured files."""
    pull_secrets = [{"name": name} for name in app.image_pull_secrets]
    return {
        "metadata": {"labels": dict(labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": app.termination_grace_period_seconds,
            "securityContext": pod_security(USER),
            "containers": [_container(app)],
            "volumes": _volumes(app, files_map),
            **_present("imagePullSecrets", pull_secrets),
        },
    }


def _container(app: AppConfig) -> Map:
    return {
        "name": app.name,
        "image": app.image,
        "ports": [_port(app)],
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "tmp", "mountPath": SCRATCH},
            *file_mounts(app.config_files),
        ],
        **_probes(app),
        **_present("command", list(app.command)),
        **_present("args", list(app.args)),
        **_present("env", [_env(name, source) for name, source in app.env.items()]),
        **_present("resources", _dumped(app.resources, exclude_defaults=True)),
        **_lifecycle(app.pre_stop_sleep_seconds),
    }


def _port(app: AppConfig) -> Map:
    port = app.service.container_port
    return {"name": app.service.port_name, "containerPort": port, "protocol": "TCP"}


def _probes(app: AppConfig) -> Map:
    """Return the probes; a port that answers is the least that a pod must show for traffic."""
    probes = app.probes
    listening = {"tcpSocket": {"port": app.service.container_port}, "periodSeconds": 2}
    return {
        "readinessProbe": _dumped(probes.readiness) if probes.readiness else listening,
        **({"livenessProbe": _dumped(probes.liveness)} if probes.liveness else {}),
        **({"startupProbe": _dumped(probes.startup)} if probes.startup else {}),
    }


def _lifecycle(sleep_seconds: int) -> Map:
    """Serve on for a while after the stop: routers learn of it later than the pod does."""
    if not sleep_seconds:
        return {}
    return {"lifecycle": {"preStop": {"sleep": {"seconds": sleep_seconds}}}}


def _env(name: str, source: EnvVar) -> Map:
    if source.secret_key_ref:
        return {"name": name, "valueFrom": {"secretKeyRef": _dumped(source.secret_key_ref)}}
    if source.config_map_key_ref:
        return {"name": name, "valueFrom": {"configMapKeyRef": _dumped(source.config_map_key_ref)}}
    return {"name": name, "value": source.value or ""}


def _volumes(app: AppConfig, files_map: str) -> list[Map]:
    scratch: Map = {"name": "tmp", "emptyDir": {}}
    if not app.config_files:
        return [scratch]
    return [scratch, {"name": VOLUME, "configMap": {"name": files_map}}]


def _dumped(model: Any, *, exclude_defaults: bool = False) -> Map:
    dump: Map = model.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_defaults=exclude_defaults
    )
    return dump


def _present(key: str, value: Any) -> Map:
    return {key: value} if value else {}
