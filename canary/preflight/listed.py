"""The API server for one look, where what many apps ask about is asked once.

An app may have six TraefikServices, and each would be a request of its own: their namespace is
listed instead, once for all of its apps. So are, where several apps share a namespace, the other
kinds of which each app needs some. Everything else is asked as it comes.
"""

from __future__ import annotations

import threading
from collections.abc import Container, Mapping
from concurrent.futures import Future

from canary.errors import ClusterError
from canary.preflight.findings import Object, Reader

_LISTS = "traefikservices"
_SHARED = frozenset({_LISTS, "services", "deployments", "ingressroutes"})

_ByName = Mapping[str, Object]


class Listed:
    """Answers as the `cluster` that it asks; made for one look, since it forgets nothing.

    `crowded` are the namespaces with so many apps that a list costs less than what it spares.
    """

    def __init__(self, cluster: Reader, crowded: Container[str] = ()) -> None:
        self._cluster = cluster
        self._crowded = crowded
        self._lock = threading.Lock()
        self._collections: dict[str, Future[_ByName | None]] = {}

    def find(self, path: str) -> Object | None:
        """One object, None when there is none."""
        collection, _, name = path.rpartition("/")
        objects = self._collection(collection) if self._is_listed(collection) else None
        return self._cluster.find(path) if objects is None else objects.get(name)

    def _is_listed(self, collection: str) -> bool:
        *_, namespaces, namespace, kind = ("", "", *collection.split("/"))
        crowded = namespaces == "namespaces" and namespace in self._crowded
        return kind == _LISTS or (crowded and kind in _SHARED)

    def list_(
        self, path: str, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Object]:
        """The items of a collection."""
        return self._cluster.list_(
            path, label_selector=label_selector, field_selector=field_selector
        )

    def _collection(self, path: str) -> _ByName | None:
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

    def _by_name(self, path: str) -> _ByName | None:
        """None where objects may be read and not listed."""
        try:
            return {body["metadata"]["name"]: body for body in self._cluster.list_(path)}
        except ClusterError as error:
            if error.status == 404:  # the kind is not known yet
                return {}
            if error.status == 403:
                return None
            raise
