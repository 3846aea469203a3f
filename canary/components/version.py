"""One version of an app: everything that runs it, none of it ever changed afterwards."""

from __future__ import annotations

from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from canary.components.app_specs import (
    autoscaler_spec,
    budget_spec,
    deployment_spec,
    service_spec,
)
from canary.components.parts import SKIP_AWAIT, child
from canary.components.surroundings import Surroundings
from canary.config.app import AppConfig
from canary.inputs import release_of
from canary.provider import Retirement
from canary.render import RenderedVersion
from canary.render.names import OWNER_ANNOTATION, fallback_name, version_labels, version_name

Map = dict[str, Any]


class Version(pulumi.ComponentResource):
    """Declares a version's objects, and last the Retirement that guards their deletion.

    Attributes:
        objects: what a run needs of it, the Retirement included.
    """

    TYPE: Final = "canary:components:Version"

    def __init__(
        self,
        name: str,
        *,
        app: AppConfig,
        rendered: RenderedVersion,
        surroundings: Surroundings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it without waiting: readiness, with its reasons, is the run's to wait for."""
        super().__init__(self.TYPE, name, {}, opts)
        self._app = app
        self._rendered = rendered
        self._surroundings = surroundings
        self._after = surroundings.namespaces.of(app.namespace)
        maps = self._config_maps(name)
        deployment = self._deployment(name, maps)
        parts = [*maps, deployment, *self._services(name), *self._scaling(name, deployment)]
        # Declared last, deleted first: nothing of a version goes while traffic still comes.
        retirement = Retirement(name, props=self._retirement_props(), opts=child(self, *parts))
        self.objects = [*parts, retirement]
        self.register_outputs({})

    def _metadata(self, name: str) -> Map:
        app = self._app
        return {
            "name": name,
            "namespace": app.namespace,
            "labels": version_labels(app.name, self._rendered.version),
            "annotations": {**SKIP_AWAIT, OWNER_ANNOTATION: self._surroundings.owner},
        }

    def _config_maps(self, name: str) -> list[pulumi.Resource]:
        return [
            k8s.core.v1.ConfigMap(
                f"{name}-{map_name.rpartition('-')[2]}",
                metadata=self._metadata(map_name),
                data=dict(data),
                opts=child(self, *self._after),
            )
            for map_name, data in self._rendered.config_maps.items()
        ]

    def _deployment(self, name: str, maps: list[pulumi.Resource]) -> pulumi.Resource:
        """Declare the pods. One runs at once: not before the app's turn, which may never come."""
        deployment: pulumi.Resource = k8s.apps.v1.Deployment(
            name,
            metadata=self._metadata(version_name(self._app.name, self._rendered.version)),
            spec=deployment_spec(self._app, self._rendered),
            opts=child(self, *maps, *self._after, *self._surroundings.others),
        )
        return deployment

    def _services(self, name: str) -> list[pulumi.Resource]:
        """Declare two Services of the same pods: replayed requests are counted apart by theirs."""
        version = self._rendered.version
        names = {
            name: version_name(self._app.name, version),
            f"{name}-fallback": fallback_name(self._app.name, version),
        }
        return [
            k8s.core.v1.Service(
                logical_name,
                metadata=self._metadata(service_name),
                spec=service_spec(self._app, self._rendered),
                opts=child(self, *self._after),
            )
            for logical_name, service_name in names.items()
        ]

    def _scaling(self, name: str, deployment: pulumi.Resource) -> list[pulumi.Resource]:
        app, version = self._app, self._rendered.version
        metadata = self._metadata(version_name(app.name, version))
        declared: list[pulumi.Resource] = []
        if app.autoscaler:
            spec = autoscaler_spec(app, app.autoscaler, version)
            declared.append(
                k8s.autoscaling.v2.HorizontalPodAutoscaler(
                    name, metadata=metadata, spec=spec, opts=child(self, deployment)
                )
            )
        if app.pod_disruption_budget:
            declared.append(
                k8s.policy.v1.PodDisruptionBudget(
                    name,
                    metadata=metadata,
                    spec=budget_spec(app, version),
                    opts=child(self, deployment),
                )
            )
        return declared

    def _retirement_props(self) -> Map:
        return {
            "app": self._app.name,
            "namespace": self._app.namespace,
            "stack": self._surroundings.stack,
            "owner": self._surroundings.owner,
            "image": self._app.image,
            "version": self._rendered.version,
            "release": release_of(self._app),
            "access": dict(self._surroundings.access),
        }
