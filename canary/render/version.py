"""Renders a version and names it by a hash of what runs.

The hash covers everything that decides how a pod behaves and nothing else: not the number of pods,
not how a release is judged. It is taken before any name or label holds the version, and only plain
configuration enters it; Secrets are named, never read. Golden files in the tests freeze both: a
change of the rendering would release every app of every user anew, so it needs a new `renderer`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from canary.config.app import AppConfig
from canary.errors import RenderError
from canary.render.files import config_map_data
from canary.render.merge import merged
from canary.render.names import app_labels, files_name, version_labels
from canary.render.pod import generated_template

DIGITS: Final = 10
_NEUTRAL_FILES: Final = "files"

Map = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedVersion:
    """A version as Kubernetes sees it.

    Attributes:
        version: 10 hex digits.
        pod_template: of the Deployment, version labels included.
        config_maps: data by the ConfigMap's name.
        service_ports: of every Service in front of the pods, the apex included.
    """

    version: str
    pod_template: Map
    config_maps: Mapping[str, Mapping[str, str]]
    service_ports: Sequence[Map]


def render_version(app: AppConfig) -> RenderedVersion:
    """Return what `app` runs and the version that it is.

    Raises:
        RenderError: `podTemplate` or `configFiles` cannot be carried out.
    """
    files = config_map_data(app.config_files)
    ports = [_service_port(app)]
    version = _digest(
        {
            "renderer": app.renderer,
            "podTemplate": _template(app, _NEUTRAL_FILES, app_labels(app.name)),
            "configMaps": {_NEUTRAL_FILES: files} if files else {},
            "servicePorts": ports,
        }
    )
    name = files_name(app.name, version)
    return RenderedVersion(
        version=version,
        pod_template=_template(app, name, version_labels(app.name, version)),
        config_maps={name: files} if files else {},
        service_ports=ports,
    )


def _template(app: AppConfig, files_map: str, labels: Mapping[str, str]) -> Map:
    template = generated_template(app, files_map=files_map, labels=labels)
    if not app.pod_template:
        return template
    path = f"canary:apps.{app.name}.podTemplate"
    template = merged(template, app.pod_template, path)
    _still_ours(template, app.name, path)
    return template


def _still_ours(template: Map, app_name: str, path: str) -> None:
    """The app's container must be left: it is what the release is about."""
    containers = (template.get("spec") or {}).get("containers") or []
    if not any(container["name"] == app_name for container in containers):
        raise RenderError(f"{path}: the container {app_name} must stay")


def _service_port(app: AppConfig) -> Map:
    service = app.service
    port: Map = {
        "name": service.port_name,
        "port": service.port,
        "targetPort": service.container_port,
        "protocol": "TCP",
    }
    return port | ({"appProtocol": service.app_protocol} if service.app_protocol else {})


def _digest(rendered: Map) -> str:
    text = json.dumps(_whole(rendered), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _whole(value: Any) -> Any:
    """Make 5.0 and 5 the same: what a number went through must not decide what it is."""
    if isinstance(value, Mapping):
        return {str(key): _whole(element) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(element) for element in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
