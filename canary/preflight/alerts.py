"""Whether the Secrets that alert addresses are read from hold one; never what they hold."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator

from canary.config import AlertProvider, StackConfig, is_address
from canary.preflight.findings import Findings, Reader


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
    where = ref.namespace or namespace
    secret = cluster.find(f"/api/v1/namespaces/{where}/secrets/{ref.name}")
    at = f"canary:alertProviders.{name}.secretRef"
    if secret is None:
        yield f"{at}: there is no Secret {ref.name} in namespace {where}"
        return
    encoded = (secret.get("data") or {}).get(ref.key)
    if encoded is None:
        yield f"{at}: Secret {ref.name} in namespace {where} has no key {ref.key}"
    elif not _is_encoded_address(str(encoded)):
        yield f"{at}: key {ref.key} of Secret {ref.name} in namespace {where} is no URL"


def _is_encoded_address(encoded: str) -> bool:
    try:
        return is_address(b64decode(encoded).decode().strip())
    except (binascii.Error, UnicodeDecodeError):
        return False
