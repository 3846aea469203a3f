"""Create, read, update and delete of one resource in the cluster."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.bed.plugin.api import Api
from tests.bed.plugin.await_ import LAST_POLL_S, Patience, gone, ready, skips_await
from tests.bed.plugin.check import annotation
from tests.bed.plugin.errors import ApiError, AwaitError, PluginError, Unready
from tests.bed.plugin.inputs import live_inputs, manifest_of, outputs_of
from tests.bed.plugin.kinds import Kind, identity, path_of

SETTLING_S = 10.0  # a namespace or CRD of this update may take a moment to be known everywhere
# Kinds whose deletion the real plugin does not await either when they carry skipAwait.
_UNAWAITED_DELETES = frozenset({"Deployment", "Namespace"})
Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """One resource's operations.

    Attributes:
        upsert: an object that exists may be taken over; field managers still conflict.
        warn: shows a warning of the API server.
    """

    api: Api
    kind: Kind
    patience: Patience
    warn: Callable[[str], None]
    upsert: bool = False

    def create(self, inputs: Object) -> tuple[str, Object]:
        """The new object's id and outputs.

        Raises:
            PluginError: it exists already, or it was refused.
            Unready: it was made but did not become ready.
        """
        resource_id = identity(self.kind, manifest_of(inputs))
        existing = self.api.read(path_of(self.kind, resource_id))
        if existing and not self.upsert:
            raise PluginError(
                f"{self.kind.name} {resource_id} already exists: delete it, import it, or set the "
                "provider's upsertExistingObjects"
            )
        return resource_id, self._written(resource_id, inputs)

    def update(self, resource_id: str, inputs: Object) -> Object:
        """The outputs after the change; raises as `create` does."""
        return self._written(resource_id, inputs)

    def read(self, resource_id: str, old_inputs: Object) -> tuple[Object, Object] | None:
        """The live inputs and outputs; None when the object is gone."""
        live = self.api.read(path_of(self.kind, resource_id))
        if live is None:
            return None
        inputs = live_inputs(live, old_inputs)
        return inputs, outputs_of(live, inputs)

    def delete(self, resource_id: str, inputs: Object) -> None:
        """Return when the object is gone.

        Raises:
            AwaitError: it is still there.
        """
        path = path_of(self.kind, resource_id)
        live = self.api.read(path)
        if live is None:
            return
        uid = live["metadata"]["uid"]
        try:
            self.api.delete(path, uid=uid, propagation="Foreground")
        except ApiError as error:
            if error.code != 409:  # the uid has changed: another object has the name now
                raise
            return
        if not (skips_await(inputs) and self.kind.name in _UNAWAITED_DELETES):
            gone(self.api, self.kind, resource_id, uid, self.patience)

    def _written(self, resource_id: str, inputs: Object) -> Object:
        applied = self._applied(resource_id, inputs)
        if skips_await(inputs):
            return outputs_of(applied, inputs)
        try:
            live = ready(self.api, self.kind, resource_id, self.patience)
        except AwaitError as error:
            latest = self.api.read(path_of(self.kind, resource_id)) or applied
            raise Unready(str(error), resource_id, outputs_of(latest, inputs)) from None
        return outputs_of(live, inputs)

    def _applied(self, resource_id: str, inputs: Object) -> Object:
        """Apply; a 404 says that the namespace or the CRD is still on its way."""
        deadline = time.monotonic() + min(SETTLING_S, self.patience.timeout_s)
        path, manifest = path_of(self.kind, resource_id), manifest_of(inputs)
        while True:
            try:
                return self.api.apply(path, manifest, force=_forced(inputs), warn=self.warn)
            except ApiError as error:
                if error.code != 404 or time.monotonic() > deadline:
                    raise
            if self.patience.cancelled.wait(LAST_POLL_S):
                raise PluginError(f"{self.kind.name} {resource_id}: cancelled")


def _forced(inputs: Object) -> bool:
    return annotation(inputs, "pulumi.com/patchForce") == "true"
