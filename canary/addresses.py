"""Where alert addresses come from: the stack's secret configuration, or a Secret of the cluster.

What is returned here is sent to and never shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.cluster.secrets import Kept
from canary.adapters.outlets.alertforms import Look
from canary.adapters.outlets.alerts import Target
from canary.config import Alert, AlertProvider
from canary.core.notice import Severity
from canary.errors import ClusterError
from canary.inputs import Inputs


def targets(inputs: Inputs, configured: str, cluster: Cluster) -> tuple[Target, ...]:
    """An app's alerts; `configured` is canary:alertAddresses as Pulumi hands it over, JSON."""
    providers = inputs.config.alert_providers
    return tuple(
        _target(
            alert, providers[alert.provider_ref.name], _source(alert, inputs, configured, cluster)
        )
        for alert in inputs.app.analysis.alerts
    )


def _target(alert: Alert, provider: AlertProvider, address: Callable[[], str]) -> Target:
    return Target(
        alert=alert.name,
        provider=alert.provider_ref.name,
        least=Severity(alert.severity),
        look=Look(
            type=provider.type,
            channel=provider.channel or "",
            username=provider.username or "",
        ),
        address=address,
    )


def _source(alert: Alert, inputs: Inputs, configured: str, cluster: Cluster) -> Callable[[], str]:
    name = alert.provider_ref.name
    ref = inputs.config.alert_providers[name].secret_ref
    if ref is None:
        return lambda: _from_configuration(name, configured)
    kept = Kept(namespace=ref.namespace or inputs.namespace, name=ref.name, key=ref.key)
    return lambda: kept.read(cluster)


def _from_configuration(name: str, configured: str) -> str:
    """One address.

    Raises:
        ClusterError: there is none.
    """
    try:
        found = json.loads(configured or "{}")[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ClusterError(f"canary:alertAddresses.{name} is not set") from None
    return str(found)
