"""The guard: one small pod that puts traffic back when whoever carried out a run has died."""

from __future__ import annotations

import hashlib
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from canary.components.guard_charge import Charge
from canary.components.guard_specs import (
    Files,
    Place,
    access_rules,
    account_of,
    deployment_spec,
    key_of,
    lead_rules,
    mount,
)
from canary.components.namespaces import Namespaces
from canary.components.parts import child, metadata
from canary.config.stack import Guard
from canary.render.names import GUARD

RBAC: Final = "rbac.authorization.k8s.io"

Rely = list[pulumi.Resource]


class GuardPod(pulumi.ComponentResource):
    """Installs the guard, or nothing when the configuration says so or there is no app.

    `charge` is what it looks after, `owner` the id on the stack's objects.
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
        charge: Charge,
        namespaces: Namespaces,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it."""
        super().__init__(self.TYPE, name, {}, opts)
        self.ready: Rely = []
        if config.install and charge.apps:
            apps = tuple(sorted(charge.apps))
            place = Place(
                name=guard_name(),
                namespace=apps[0],
                namespaces=apps,
                shared=config.replicas > 1,
            )
            needs = self._rights(name, place, charge, namespaces)
            if place.shared:
                self._lead(name, place, needs)
            files = self._files(name, place, charge, needs)
            deployment = k8s.apps.v1.Deployment(
                name,
                metadata=metadata(place.name, place.namespace, place.name),
                spec=deployment_spec(config, place, files, owner),
                opts=child(self, *needs),
            )
            self.ready = [deployment]
        self.register_outputs({})

    def _rights(self, name: str, place: Place, charge: Charge, namespaces: Namespaces) -> Rely:
        """Allow in each namespace what a restore of its apps needs, and to tell of it."""
        account = k8s.core.v1.ServiceAccount(
            name,
            metadata=metadata(place.name, place.namespace, place.name),
            automount_service_account_token=False,
            opts=child(self, *namespaces.of(place.namespace)),
        )
        rights: Rely = [account]
        for namespace in charge.namespaces:
            rules = access_rules(charge.apps.get(namespace, {}), charge.secrets(namespace))
            if place.shared and namespace == place.namespace:
                rules += lead_rules(place)
            role = k8s.rbac.v1.Role(
                f"{name}-{namespace}",
                metadata=metadata(place.name, namespace, place.name),
                rules=rules,
                opts=child(self, *namespaces.of(namespace)),
            )
            binding = k8s.rbac.v1.RoleBinding(
                f"{name}-{namespace}",
                metadata=metadata(place.name, namespace, place.name),
                role_ref={"apiGroup": RBAC, "kind": "Role", "name": place.name},
                subjects=[account_of(place)],
                opts=child(self, role, account),
            )
            rights.append(binding)
        return rights

    def _lead(self, name: str, place: Place, needs: Rely) -> None:
        """Declare the Lease whose holder acts; its content is the guards' own."""
        theirs = pulumi.ResourceOptions(ignore_changes=["spec"])
        lease = k8s.coordination.v1.Lease(
            name,
            metadata=metadata(place.name, place.namespace, place.name),
            opts=pulumi.ResourceOptions.merge(child(self, *needs), theirs),
        )
        needs.append(lease)

    def _files(self, name: str, place: Place, charge: Charge, needs: Rely) -> Files:
        """Declare what is mounted, and add it to what the pod needs."""
        files = mount(charge)
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:10]
        # Named by its content: a change of it replaces the pod, and the old one is left as it was.
        code_name = f"{place.name}-{digest}"
        code = k8s.core.v1.ConfigMap(
            f"{name}-code",
            metadata=metadata(code_name, place.namespace, place.name),
            data={key_of(path): text for path, text in files.items()},
            opts=child(self, *needs),
        )
        needs.append(code)
        return Files(name=code_name, paths=tuple(files))


def guard_name() -> str:
    """Return the name of this stack's guard: several stacks may share a namespace."""
    stack = f"{pulumi.get_project()}/{pulumi.get_stack()}"
    return f"{GUARD}-{hashlib.sha256(stack.encode()).hexdigest()[:8]}"
