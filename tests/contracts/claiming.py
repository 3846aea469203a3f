"""The claim of a run, as the adapters of what carries no record are given it."""

from __future__ import annotations

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.claim import Claim
from tests.contracts.routing import LISTS


def claim_of(cluster: Cluster, run: str = "r1") -> Claim:
    """That of `run`, which wrote the record of the contracts' app last; there may be none."""
    claim = Claim(cluster, LISTS.path(LISTS.plain))
    claim.written(run)
    return claim
