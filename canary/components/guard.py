"""The guard: one small pod that puts traffic back when whoever carried out a run has died."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from canary.components.guard_specs import Place, access_rules, deployment_spec, key_of, mount
from canary.components.namespaces import Namespaces
from canary.components.parts import child, metadata
from canary.config.stack import Guard
from canary.render.names import GUARD

RBAC: Final = "rbac.authorization.k8s.io"

Apps = Mapping[str, Mapping[str, str]]
Rely = list[pulumi.Resource]


class GuardPod(pulumi.ComponentResource):
    """Installs the guard, or nothing when the configuration says so or there is no app.

    `apps` has the stack's apps by namespace, each with the version that is released; `owner` is the
    id on the stack's objects.
    The pod runs in the first of the namespaces, under a name that no other stack's guard has.

    Attributes:
        ready: what runs depend on.
    """

    TYPE: Final = "canary:components:Guard"

    def __init__(
        self,
        name: str,
        *,
        config: Guard,
        owner: pulumi.Input[str],
        apps: Apps,
        namespaces: Namespaces,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it."""
        super().__init__(self.TYPE, name, {}, opts)
        self.ready: Rely = []
        if config.install and apps:
            place = Place(name=guard_name(), namespace=min(apps), namespaces=tuple(sorted(apps)))
            needs = self._rights(name, place, apps, namespaces)
            self.ready = [self._deployment(name, config, owner, place, needs)]
        self.register_outputs({})

    def _rights(self, name: str, place: Place, apps: Apps, namespaces: Namespaces) -> Rely:
        """Allow in each namespace what a restore of its apps needs."""
        account = k8s.core.v1.ServiceAccount(
            name,
            metadata=metadata(place.name, place.namespace, place.name),
            automount_service_account_token=False,
            opts=child(self, *namespaces.of(place.namespace)),
        )
        rights: Rely = [account]
        for namespace in place.namespaces:
            role = k8s.rbac.v1.Role(
                f"{name}-{namespace}",
                metadata=metadata(place.name, namespace, place.name),
                rules=access_rules(apps[namespace]),
                opts=child(self, *namespaces.of(namespace)),
            )
            rights.append(
                k8s.rbac.v1.RoleBinding(
                    f"{name}-{namespace}",
                    metadata=metadata(place.name, namespace, place.name),
                    role_ref={"apiGroup": RBAC, "kind": "Role", "name": place.name},
                    subjects=[
                        {
                            "kind": "ServiceAccount",
                            "name": place.name,
                            "namespace": place.namespace,
                        }
                    ],
                    opts=child(self, role, account),
                )
            )
        return rights

    def _deployment(
        self, name: str, config: Guard, owner: pulumi.Input[str], place: Place, needs: Rely
    ) -> pulumi.Resource:
        files = {key_of(path): text for path, text in mount().items()}
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:10]
        # Named by its content: a change of it replaces the pod, and the old one is left as it was.
        code_name = f"{place.name}-{digest}"
        code = k8s.core.v1.ConfigMap(
            f"{name}-code",
            metadata=metadata(code_name, place.namespace, place.name),
            data=files,
            opts=child(self, *needs),
        )
        deployment: pulumi.Resource = k8s.apps.v1.Deployment(
            name,
            metadata=metadata(place.name, place.namespace, place.name),
            spec=deployment_spec(config, place, code_name, owner),
            opts=child(self, code),
        )
        return deployment


def guard_name() -> str:
    """Return the name of this stack's guard: several stacks may share a namespace."""
    stack = f"{pulumi.get_project()}/{pulumi.get_stack()}"
    return f"{GUARD}-{hashlib.sha256(stack.encode()).hexdigest()[:8]}"
