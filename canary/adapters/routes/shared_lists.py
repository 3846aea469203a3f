"""Lists of the API server and of Traefik's replicas for all runs that look in the same moment.

A run looks at its pods, its route and, while a weight is not live, at Traefik. Two hundred runs
that each send their own requests keep a core busy with HTTP alone; see `gathering`. The more runs
there are, the longer others may join, so that the number of requests stays bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from canary.adapters.cluster.kubernetes import Cluster, Object
from canary.adapters.gathering import Gathering, Moment
from canary.adapters.routes.lists import APP_LABEL
from canary.adapters.routes.traffic import Endpoints, Found, asked_replicas
from canary.errors import PortError

ANSWERED_S = 6.0  # as long as a read that is repeated
EACH_S = 0.0004  # for every run, so long others may join
LONGEST_S = 0.08
TRAEFIK_EACH_S = 0.001
TRAEFIK_LONGEST_S = 0.25  # a replica's answer names every app of the namespace
_TRAEFIK_MOST = 512  # several apps are asked for by their namespace's name, as many as there are

_ByApp = Mapping[str, list[Object]]
_Named = tuple[str, str]  # namespace and app


def _everybodys(error: PortError) -> bool:
    """A server that does not answer or is busy is the same for each, and not to be asked more."""
    return error.retryable


class SharedLists:
    """Lists an app's objects; `runs` tells how many go on."""

    def __init__(self, cluster: Cluster, runs: Callable[[], int]) -> None:
        self._cluster = cluster
        self._runs = runs
        self._lock = threading.Lock()
        self._by_path: dict[str, Gathering[str, _ByApp]] = {}

    def __call__(self, path: str, app: str) -> list[Object]:
        """The items of the collection at `path` that carry the app's label.

        Raises:
            ClusterError: as the API server's `list_app`.
        """
        found = self._gathering(path).answer(app) if self._runs() > 1 else None
        if found is None:
            return self._cluster.list_app(path, app)
        return found.get(app, [])

    def _gathering(self, path: str) -> Gathering[str, _ByApp]:
        with self._lock:
            if path not in self._by_path:
                moment = Moment(open_s=self._open_s, answered_s=ANSWERED_S)
                self._by_path[path] = Gathering(
                    lambda apps: self._found(path, apps), moment, shared=_everybodys
                )
            return self._by_path[path]

    def _open_s(self) -> float:
        return min(LONGEST_S, EACH_S * self._runs())

    def _found(self, path: str, apps: Sequence[str]) -> _ByApp:
        selector = f"{APP_LABEL} in ({','.join(sorted(set(apps)))})"
        found: dict[str, list[Object]] = {}
        for body in self._cluster.list_(path, label_selector=selector):
            found.setdefault(body["metadata"]["labels"][APP_LABEL], []).append(body)
        return found


class SharedReplicas:
    """Asks Traefik's replicas about an app; `runs` tells how many go on."""

    def __init__(self, endpoints: Endpoints, runs: Callable[[], int]) -> None:
        self._endpoints = endpoints
        self._runs = runs
        moment = Moment(open_s=self._open_s, answered_s=ANSWERED_S)
        self._gathering: Gathering[_Named, Mapping[_Named, Sequence[Found]]] = Gathering(
            self._found, moment, most=_TRAEFIK_MOST, shared=_everybodys
        )

    def __call__(self, namespace: str, app: str) -> Sequence[Found]:
        """What every replica knows about the app.

        Raises:
            TraefikError: a replica did not answer.
            ClusterError: the replicas cannot be listed.
        """
        found = self._gathering.answer((namespace, app)) if self._runs() > 1 else None
        if found is None:
            return asked_replicas(self._endpoints, f"{namespace}-{app}")
        return found[namespace, app]

    def _open_s(self) -> float:
        return min(TRAEFIK_LONGEST_S, TRAEFIK_EACH_S * self._runs())

    def _found(self, asked: Sequence[_Named]) -> Mapping[_Named, Sequence[Found]]:
        """Everybody's part; one app is asked for by its name, several by their namespace's."""
        apps: dict[str, set[str]] = {}
        for namespace, app in asked:
            apps.setdefault(namespace, set()).add(app)
        parts: dict[_Named, list[Found]] = {named: [] for named in asked}
        for namespace, names in apps.items():
            search = f"{namespace}-{min(names) if len(names) == 1 else ''}"
            for replica in asked_replicas(self._endpoints, search):
                dealt = _dealt(replica, namespace, frozenset(names))
                for app in names:
                    mine = tuple(dealt.get(app, ()))
                    parts[namespace, app].append(Found(name=replica.name, services=mine))
        return parts


def _dealt(replica: Found, namespace: str, apps: frozenset[str]) -> Mapping[str, list[Object]]:
    """A replica's services by app: those named `<namespace>-<app>`, alone or before `-` or `@`.

    Dealt out once for all: if each of two hundred runs looked for its own, that would cost more
    than to ask.
    """
    dealt: dict[str, list[Object]] = {}
    for service in replica.services:
        name = str(service.get("name", "")).partition("@")[0]
        if not name.startswith(f"{namespace}-"):
            continue
        words = name.removeprefix(f"{namespace}-").split("-")
        for app in apps & {"-".join(words[:end]) for end in range(1, len(words) + 1)}:
            dealt.setdefault(app, []).append(service)
    return dealt
