"""What a stack's guard looks after: the apps, their versions, and who is told of a restore."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from canary.config import Alert, AppConfig, StackConfig
from canary.config.alerts import AddressRef
from canary.render import RenderedVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """By namespace: the apps, each with the version that is released; and the alerts of all.

    An alert is what the guard's pod reads of it: never an address, only where that is kept.
    """

    apps: Mapping[str, Mapping[str, str]]
    alerts: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Where the guard needs rights."""
        return tuple(sorted({*self.apps, *(alert["secret"]["namespace"] for alert in self.alerts)}))

    def secrets(self, namespace: str) -> tuple[str, ...]:
        """The names of the Secrets there that hold an address."""
        kept = (alert["secret"] for alert in self.alerts)
        return tuple(sorted({one["name"] for one in kept if one["namespace"] == namespace}))


def charge_of(config: StackConfig, rendered: Mapping[str, RenderedVersion]) -> Charge:
    """Return what this stack's guard looks after."""
    apps: dict[str, dict[str, str]] = {}
    alerts: list[Mapping[str, Any]] = []
    for key, app in config.apps.items():
        apps.setdefault(app.namespace, {})[app.name] = rendered[key].version
        for alert in app.analysis.alerts:
            ref = config.alert_providers[alert.provider_ref.name].secret_ref
            if ref is not None:
                alerts.append(_told(app, alert, ref, config))
    return Charge(apps=apps, alerts=tuple(alerts))


def _told(app: AppConfig, alert: Alert, ref: AddressRef, config: StackConfig) -> dict[str, Any]:
    name = alert.provider_ref.name
    provider = config.alert_providers[name]
    return {
        "namespace": app.namespace,
        "app": app.name,
        "alert": alert.name,
        "provider": name,
        "type": provider.type,
        "channel": provider.channel or "",
        "username": provider.username or "",
        "secret": {
            "namespace": ref.namespace or app.namespace,
            "name": ref.name,
            "key": ref.key,
        },
    }


def untold(config: StackConfig) -> tuple[str, ...]:
    """Return which alerts a restore by the guard does not reach, a line for each provider."""
    used = {
        alert.provider_ref.name for app in config.apps.values() for alert in app.analysis.alerts
    }
    unknown = sorted(name for name in used if config.alert_providers[name].secret_ref is None)
    return tuple(
        f"alertProviders.{name} is not told of a restore by the guard, which knows no address but "
        "those in Secrets of the cluster (secretRef)"
        for name in (unknown if config.guard.install else ())
    )
