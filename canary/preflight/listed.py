"""The API server for one look, where what many apps ask about is asked once.

An app may have six TraefikServices, and each would be a request of its own: their namespace is
listed instead, once for all of its apps. Everything else is asked as it comes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future

from canary.errors import ClusterError
from canary.preflight.findings import Object, Reader

_KIND = "/traefikservices"

_ByName = Mapping[str, Object]


class Listed:
    """Answers as the `cluster` that it asks; made for one look, since it forgets nothing."""

    def __init__(self, cluster: Reader) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self._collections: dict[str, Future[_ByName]] = {}

    def find(self, path: str) -> Object | None:
        """One object, None when there is none."""
        collection, _, name = path.rpartition("/")
        if not collection.endswith(_KIND):
            return self._cluster.find(path)
        return self._collection(collection).get(name)

    def list_(
        self, path: str, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Object]:
        """The items of a collection."""
        return self._cluster.list_(
            path, label_selector=label_selector, field_selector=field_selector
        )

    def _collection(self, path: str) -> _ByName:
        """Whoever comes first asks; the others wait for his answer, or his error."""
        with self._lock:
            first = path not in self._collections
            answer = self._collections.setdefault(path, Future())
        if first:
            try:
                answer.set_result(self._by_name(path))
            except BaseException as error:  # noqa: BLE001 - it belongs to everyone who asked
                answer.set_exception(error)
        return answer.result()

    def _by_name(self, path: str) -> _ByName:
        try:
            return {body["metadata"]["name"]: body for body in self._cluster.list_(path)}
        except ClusterError as error:
            if error.status == 404:  # the kind is not known yet
                return {}
            raise
