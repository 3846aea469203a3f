"""What a key of a Secret holds, for whoever sends it and never shows it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass

from canary.adapters.cluster.kubernetes import Cluster
from canary.errors import ClusterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where a secret is kept."""

    namespace: str
    name: str
    key: str

    def read(self, cluster: Cluster) -> str:
        """The secret itself, without blanks around it.

        Raises:
            ClusterError: the Secret cannot be read, or does not hold one.
        """
        path = f"/api/v1/namespaces/{self.namespace}/secrets/{self.name}"
        data = cluster.read(path).get("data") or {}
        try:
            return b64decode(str(data[self.key])).decode().strip()
        except (KeyError, binascii.Error, UnicodeDecodeError):
            raise ClusterError(f"{path} holds no text under {self.key}") from None
