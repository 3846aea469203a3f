"""Whether a version's Services are still there: pods that no list can name answer nobody.

Traefik drops a whole list, and with it every user's route, when one of its members has no Service.
"""

from __future__ import annotations

from canary.adapters.cluster.kubernetes import Cluster
from canary.errors import ClusterError


class VersionServices:
    """An app's Services, looked at again and again by one run."""

    def __init__(self, cluster: Cluster, *, app: str, namespace: str) -> None:
        self._cluster = cluster
        self._app = app
        self._path = f"/api/v1/namespaces/{namespace}/services"
        self._known: frozenset[str] = frozenset()
        self._here: frozenset[str] = frozenset()

    def look(self) -> None:
        """Look once more; who may not list Services learns nothing.

        Raises:
            ClusterError: the API server does not answer.
        """
        try:
            found = self._cluster.list_app(self._path, self._app)
        except ClusterError as error:
            if error.retryable:
                raise
            return
        self._here = frozenset(body["metadata"]["name"] for body in found)
        self._known |= self._here

    def deleted(self, version: str) -> str:
        """Which of the version's Services was there at an earlier look and is not now, "" if none.

        One that was never seen is somebody's who has not made it yet.
        """
        names = (f"{self._app}-{version}", f"{self._app}-{version}-fallback")
        return next((name for name in names if name in self._known - self._here), "")
