"""The provider's own configuration (`pulumi:providers:kubernetes`)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bed.plugin.errors import ClusterError
from tests.bed.plugin.kubeconfig import Cluster, cluster_of
from tests.bed.plugin.wire import is_unknown, revealed

_SERVED: Final = {"kubeconfig", "context", "cluster", "namespace", "upsertExistingObjects"}
_WITHOUT_EFFECT: Final = {  # how the stand-in behaves anyway, or what makes no difference to it
    "clusterIdentifier",
    "enableServerSideApply",
    "kubeClientSettings",
    "pluginDownloadURL",
    "suppressDeprecationWarnings",
    "suppressHelmHookWarnings",
    "version",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a provider was configured with; in a preview parts of it may be unknown."""

    config: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def is_known(self) -> bool:
        """Whether the cluster can be named yet."""
        return not is_unknown(dict(self.config))

    def cluster(self) -> Cluster:
        """The cluster.

        Raises:
            ClusterError: it is not known yet, or the kubeconfig is of no use.
        """
        if not self.is_known():
            raise ClusterError("the provider's kubeconfig is not known before the update")
        return cluster_of(self.config)

    def namespace(self) -> str:
        """Where objects go that name no namespace."""
        given = self.config.get("namespace")
        if isinstance(given, str) and given:
            return given
        return self.cluster().namespace if self.is_known() else "default"

    def upserts(self) -> bool:
        """Whether a create may take over an object that exists."""
        given = self.config.get("upsertExistingObjects")
        return given is True or os.environ.get("PULUMI_K8S_UPSERT_EXISTING_OBJECTS") == "true"


def settings_of(properties: Mapping[str, Any]) -> Settings:
    """The settings in a request; the engine writes what is no text as JSON in a text."""
    plain = revealed(dict(properties))
    return Settings(config={key: _parsed(key, value) for key, value in plain.items()})


def unserved_options(properties: Mapping[str, Any]) -> list[str]:
    """The options that are switched on and that the stand-in does not have."""
    config = settings_of(properties).config
    known = _SERVED | _WITHOUT_EFFECT
    return sorted(key for key, value in config.items() if value and key not in known)


def _parsed(key: str, value: Any) -> Any:
    if key in {"kubeconfig", "context", "cluster", "namespace"} or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
