"""An app: the version to serve, the way to it, and the Rollout that moves traffic there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from canary.components.app_specs import apex_spec, route_spec
from canary.components.crds import API_VERSION
from canary.components.parts import SKIP_AWAIT, TAKE_OVER, child
from canary.components.surroundings import Surroundings
from canary.components.version import Version
from canary.config.app import AppConfig
from canary.inputs import release_of
from canary.provider import Rollout
from canary.render import RenderedVersion
from canary.render.names import OWNER_ANNOTATION, app_labels

Map = dict[str, Any]


class App(pulumi.ComponentResource):
    """Declares an app. A new version is a new set of objects; the Rollout shifts traffic to it.

    Attributes:
        version: the version that serves once the Rollout has succeeded.
        image: what it runs.
        url: where users find it.
        rollout: what moves its traffic, for what is to come after it.
    """

    TYPE: Final = "canary:components:App"

    def __init__(
        self,
        name: str,
        *,
        app: AppConfig,
        rendered: RenderedVersion,
        live: Mapping[str, Any],
        surroundings: Surroundings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        Args:
            name: the app's key in the configuration.
            app: its configuration.
            rendered: what it runs.
            live: what serves now, from preflight; {} when nothing does.
            surroundings: the rest of the stack.
            opts: Pulumi's.
        """
        super().__init__(self.TYPE, name, {}, opts)
        self._app = app
        self._surroundings = surroundings
        self.rollout = Rollout(
            name,
            props=self._rollout_props(rendered, live),
            opts=child(
                self,
                *self._served(name, rendered),
                *surroundings.ready,
                *surroundings.others,
            ),
        )
        self._route(name)
        self.version = self.rollout.version
        self.image = self.rollout.image
        self.url = url_of(app)
        self.register_outputs({"version": self.version, "url": self.url})

    def _served(self, name: str, rendered: RenderedVersion) -> tuple[pulumi.Resource, ...]:
        """Declare what traffic moves between: the version's objects and the apex Service."""
        version = Version(
            f"{name}-{rendered.version}",
            app=self._app,
            rendered=rendered,
            surroundings=self._surroundings,
            opts=child(self),
        )
        return (*version.objects, self._apex(name, rendered))

    def _metadata(self, kind: str) -> Map:
        """What is taken over was written by somebody else: fields that are ours become ours."""
        owned = {**SKIP_AWAIT, OWNER_ANNOTATION: self._surroundings.owner}
        return {
            "name": self._app.name,
            "namespace": self._app.namespace,
            "labels": app_labels(self._app.name),
            "annotations": {**owned, **(TAKE_OVER if self._app.adopts(kind) else {})},
        }

    def _options(self, kind: str, *depends_on: pulumi.Resource) -> pulumi.ResourceOptions:
        """What is taken over, and may have to be given back, is not deleted with the stack."""
        kept = pulumi.ResourceOptions(retain_on_delete=True) if self._app.adopts(kind) else None
        return pulumi.ResourceOptions.merge(child(self, *depends_on), kept)

    def _apex(self, name: str, rendered: RenderedVersion) -> pulumi.Resource:
        apex: pulumi.Resource = k8s.core.v1.Service(
            name,
            metadata=self._metadata("Service"),
            spec=apex_spec(rendered),
            opts=self._options("Service", *self._surroundings.namespaces.of(self._app.namespace)),
        )
        return apex

    def _route(self, name: str) -> None:
        """Route users to the weighted lists, which exist once the Rollout has written them."""
        k8s.apiextensions.CustomResource(
            name,
            api_version=API_VERSION,
            kind="IngressRoute",
            metadata=self._metadata("IngressRoute"),
            spec=route_spec(self._app),
            opts=self._options("IngressRoute", self.rollout),
        )

    def _rollout_props(self, rendered: RenderedVersion, live: Mapping[str, Any]) -> Map:
        return {
            "app": self._app.name,
            "namespace": self._app.namespace,
            "stack": self._surroundings.stack,
            "owner": self._surroundings.owner,
            "image": self._app.image,
            "version": rendered.version,
            "podTemplate": rendered.pod_template,
            "release": release_of(self._app),
            "access": dict(self._surroundings.access),
            "live": dict(live),
        }


def url_of(app: AppConfig) -> str:
    """Return where users find the app, as far as the configuration tells."""
    return f"{'https' if app.tls else 'http'}://{app.host}{app.path or ''}"
