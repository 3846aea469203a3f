"""Whether a Secret that the configuration names holds what is needed; never what it holds."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable

from canary.config import SecretRef
from canary.preflight.findings import Reader


def complaint(
    ref: SecretRef, namespace: str, cluster: Reader, *, fits: Callable[[str], bool], wanted: str
) -> str:
    """What is wrong with it, "" if nothing is; `namespace` unless the reference says another.

    `fits` tells of a text without blanks around it whether it is the `wanted` kind.

    Raises:
        ClusterError: the API server did not answer or refused.
    """
    where = ref.namespace or namespace
    secret = cluster.find(f"/api/v1/namespaces/{where}/secrets/{ref.name}")
    if secret is None:
        return f"there is no Secret {ref.name} in namespace {where}"
    encoded = (secret.get("data") or {}).get(ref.key)
    if encoded is None:
        return f"Secret {ref.name} in namespace {where} has no key {ref.key}"
    if not _fits(str(encoded), fits):
        return f"key {ref.key} of Secret {ref.name} in namespace {where} is not a valid {wanted}"
    return ""


def _fits(encoded: str, fits: Callable[[str], bool]) -> bool:
    try:
        return fits(b64decode(encoded).decode().strip())
    except (binascii.Error, UnicodeDecodeError):
        return False
