"""What the runs of one process share: connections, questions to Prometheus, the tick of weights.

One client for each API server and who we are to it, however many runs there are; it is closed with
the last of them. Absent on purpose: anything of a single run, above all its fence.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from canary import access
from canary.adapters.cluster.access import Endpoint
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.cluster.reach import Reach
from canary.adapters.metrics.shared_query import SharedQuery
from canary.adapters.routes.shared_lists import SharedLists, SharedReplicas
from canary.adapters.routes.traffic import TrafficView
from canary.adapters.tick import Tick
from canary.config import StackConfig
from canary.inputs import access_of

Connect = Callable[[StackConfig, str], Cluster]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """How the surroundings of one configuration are reached; all of it is thread-safe."""

    cluster: Cluster
    lists: SharedLists
    prometheus: Endpoint
    samples: SharedQuery
    traffic: TrafficView
    hooks: Reach
    tick: Tick


class Sharing:
    """Gives the same `Shared` to all who want the same surroundings at the same time."""

    def __init__(self, connect: Connect = access.cluster) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._open: dict[str, _Place] = {}

    @contextmanager
    def one(self, config: StackConfig, kubeconfig: str) -> Iterator[Shared]:
        """For as long as one call lasts.

        Raises:
            ClusterError: the kubeconfig cannot be used.
        """
        key = f"{json.dumps(access_of(config), sort_keys=True)} {kubeconfig}"
        with self._lock:
            place = self._open.setdefault(key, _Place())
            place.users += 1
        try:
            with place.lock:  # logging in may take its time: only those who need it wait
                place.shared = place.shared or _shared(config, self._connect(config, kubeconfig))
            yield place.shared
        finally:
            with self._lock:
                place.users -= 1
                last = not place.users
                if last:
                    del self._open[key]
            if last and place.shared:
                place.shared.cluster.close()


@dataclass(slots=True, kw_only=True)
class _Place:
    users: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    shared: Shared | None = None


def _shared(config: StackConfig, cluster: Cluster) -> Shared:
    tick = Tick()
    prometheus = access.prometheus(config, cluster)
    replicas = access.replicas(config, cluster)
    return Shared(
        cluster=cluster,
        lists=SharedLists(cluster, tick.runs),
        prometheus=prometheus,
        samples=SharedQuery(prometheus, tick.runs),
        traffic=TrafficView(replicas, SharedReplicas(replicas, tick.runs)),
        hooks=access.hooks(config, cluster),
        tick=tick,
    )
