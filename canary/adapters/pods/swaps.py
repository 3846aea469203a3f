"""How a run changes a part of what Pulumi declares: a merge patch that is a swap.

The patch carries the resourceVersion that was read, and the run's name. A Deployment is written by
its controller, too, whenever a pod changes: a swap that fails is tried again, as long as the app is
still the run's.
"""

from __future__ import annotations

from collections.abc import Callable

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.claim import Claim, run_of
from canary.adapters.routes.lists import RUN, Object
from canary.adapters.routes.ownership import demand_ours
from canary.errors import ClusterError, ConflictError

_ATTEMPTS = 5

Change = Callable[[Object], "Object | None"]


class Swaps:
    """Changes objects of `owner` for the run that has the `claim`."""

    def __init__(self, cluster: Cluster, claim: Claim, owner: str) -> None:
        self._cluster = cluster
        self._claim = claim
        self._owner = owner

    def stamp(self, kind: str, path: str) -> Object | None:
        """Put the run's name on an object, so that no swap based on what it was succeeds.

        Returns and raises as `change`.
        """
        return self.change(kind, path, lambda _: {})

    def change(self, kind: str, path: str, change: Change) -> Object | None:
        """Merge what `change` makes of the object into it, with the run's name; None leaves it.

        Returns:
            The object as it is now, None if there is none.

        Raises:
            ConflictError: the object is not ours, or another run took over.
            ClusterError: the API server did not take it; retryable when others kept on writing.
        """

        def stamped(body: Object) -> Object | None:
            patch = change(body)
            named = self._claim.run in ("", run_of(body))
            if patch is None or (named and not patch):
                return None
            marks = patch.get("metadata", {}).get("annotations", {})
            stamp = {} if named else {RUN: self._claim.run}
            return {**patch, "metadata": {"annotations": {**marks, **stamp}}}

        return self._swap(kind, path, stamped)

    def scale(self, path: str, size: Callable[[Object], int]) -> None:
        """Give a Deployment as many pods as `size` makes of it; raises as `change`."""

        def sized(body: Object) -> Object | None:
            wanted = size(body)
            return None if wanted == replicas_of(body) else {"spec": {"replicas": wanted}}

        self._swap("Deployment", path, sized, part="/scale")

    def _swap(self, kind: str, path: str, change: Change, part: str = "") -> Object | None:
        for _ in range(_ATTEMPTS):
            body = self._cluster.find(path)
            if body is None:
                return None
            demand_ours(kind, body, self._owner)
            patch = change(body)
            if patch is None:
                return body
            self._claim.demand()  # after that read: who comes later makes the swap fail
            read = {"resourceVersion": body["metadata"]["resourceVersion"]}
            patch = {**patch, "metadata": {**patch.get("metadata", {}), **read}}
            try:
                return self._cluster.patch(f"{path}{part}", patch)
            except ConflictError as error:
                refused = error
        raise ClusterError(f"others keep on writing: {refused}", retryable=True) from refused


def replicas_of(deployment: Object) -> int:
    """How many pods a Deployment is to have; the API server's default is 1."""
    return int(deployment.get("spec", {}).get("replicas", 1))
