"""Whether the Secrets that alert addresses are read from hold one; never what they hold."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config import AlertProvider, StackConfig, is_address
from canary.preflight.findings import Findings, Reader
from canary.preflight.secrets import complaint


def alert_findings(config: StackConfig, cluster: Reader) -> Findings:
    """Look at the Secret of each provider that an app's alerts name.

    Raises:
        ClusterError: the API server did not answer or refused.
    """
    wanted = sorted(
        {
            (alert.provider_ref.name, app.namespace)
            for app in config.apps.values()
            for alert in app.analysis.alerts
        }
    )
    return Findings(
        problems=tuple(
            text
            for name, namespace in wanted
            for text in _problems(name, config.alert_providers[name], namespace, cluster)
        )
    )


def _problems(name: str, provider: AlertProvider, namespace: str, cluster: Reader) -> Iterator[str]:
    ref = provider.secret_ref
    if ref is None:
        return
    if text := complaint(ref, namespace, cluster, fits=is_address, wanted="URL"):
        yield f"canary:alertProviders.{name}.secretRef: {text}"
