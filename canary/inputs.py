"""What the program hands to the dynamic provider, and how the provider reads it back.

Both sides use the configuration's own models, so that a Rollout's row in the preview speaks the
user's language. Never a secret: the provider gets those from Pulumi itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from canary.config import AppConfig, StackConfig

AS_RECORDED = "as recorded"

_RELEASE_FIELDS = {
    "host",
    "service",
    "replicas",
    "autoscaler",
    "analysis",
    "progress_deadline_seconds",
    "skip_analysis",
    "rollback_window",
    "soak",
    "drain",
    "max_duration",
    "shield",
    "safe_to_repeat",
    "adopt",
}
_ACCESS_FIELDS: dict[str, Any] = {
    "kubernetes": True,
    "traefik": {"install", "namespace", "pod_labels", "api_port", "latency_buckets", "access"},
    "prometheus": {"namespace", "scrape_interval", "access"},
    "loadtester": {"namespace", "access"},
    "alert_providers": True,
    "metric_templates": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """A Rollout's or a Retirement's inputs, validated; `config` holds no apps."""

    app_name: str
    namespace: str
    stack: str
    owner: str
    version: str
    image: str
    app: AppConfig
    config: StackConfig


def release_of(app: AppConfig) -> dict[str, Any]:
    """The part of an app's configuration that a run needs, as plain JSON with the user's keys."""
    return app.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        exclude_defaults=True,
        include=_RELEASE_FIELDS,
    )


def access_of(config: StackConfig) -> dict[str, Any]:
    """How the cluster, Traefik, Prometheus and the load tester are reached, as plain JSON."""
    return config.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, include=_ACCESS_FIELDS
    )


def parse(props: Mapping[str, Any]) -> Inputs:
    """Read inputs back; Pulumi turned every number into a float on the way.

    Raises:
        pydantic.ValidationError: the state was edited by hand, or is of another version.
    """
    image, namespace = str(props["image"]), str(props["namespace"])
    release = {**props["release"], "image": image, "namespace": namespace}
    return Inputs(
        app_name=str(props["app"]),
        namespace=namespace,
        stack=str(props["stack"]),
        owner=str(props["owner"]),
        version=str(props["version"]),
        image=image,
        app=AppConfig.model_validate({**release, "name": str(props["app"])}),
        config=StackConfig.model_validate(dict(props["access"])),
    )


def live_text(live: Mapping[str, Any], version: str) -> str:
    """What is wrong with what serves, "as recorded" when it agrees with the state.

    A run that another driver carries out comes first: who does, and since when.

    `live` is what preflight read: {} without a route; `version` is the one in the state.
    """
    if held := str(live.get("held") or ""):
        return held
    serving = str(live.get("primary") or "")
    if not serving:
        return AS_RECORDED
    if damage := str(live.get("damage") or ""):
        return f"{damage}: repaired first, all traffic goes to {serving}"
    if gone := str(live.get("gone") or ""):
        return f"missing: {gone}; made again by `pulumi up --refresh`"
    if version and serving != version:
        return f"{serving} serves, not {version} as the state says"
    return AS_RECORDED
