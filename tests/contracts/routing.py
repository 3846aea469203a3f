"""The worlds in which the Router's contract is checked: in memory, and over a fake API server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from canary.adapters.routes.lists import Lists, Shield
from canary.adapters.routes.router import ClusterRouter
from canary.adapters.routes.traffic import TraefikPods, TrafficView
from canary.core.record import Phase, Record
from canary.core.seen import Live
from canary.ports import Router
from tests.fakes.cluster import FakeCluster, Fault
from tests.fakes.replicas import FakeReplica
from tests.fakes.router import FakeRouter, FakeTraffic

OLD, NEW = "0123456789", "abcdefabcd"
LISTS = Lists(app="podinfo", namespace="test", owner="me", port=80, shield=Shield())

REST = Record(owner="me", primary=OLD, moved_at=1.0, images={OLD: "podinfo:1"})
STEP = replace(REST, run="r1", phase=Phase.PROGRESSING, canary=NEW, weight_percent=20, moved_at=2.0)


def at(weight_percent: int) -> Record:
    """The run's record at a weight."""
    return replace(STEP, weight_percent=weight_percent)


class World(Protocol):
    """A place with an app's traffic, and hands other than the run's."""

    def router(self) -> Router:
        """A driver that has seen nothing yet."""

    def edit(self, weights: dict[str, int]) -> None:
        """Somebody else changes the plain list."""

    def lose_an_answer(self) -> None:
        """The next write is carried out, but its answer does not arrive."""

    def freeze(self) -> None:
        """Traefik no longer follows."""


def live_soon(router: Router, record: Record, seconds: float = 30.0) -> Live:
    """What is live, once Traefik has had the time to follow."""
    deadline = time.monotonic() + seconds
    while not (live := router.live(record)).confirmed and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    return live


class FakeWorld:
    """Everything in memory."""

    def __init__(self) -> None:
        self.traffic = FakeTraffic()

    def router(self) -> Router:
        return FakeRouter(self.traffic)

    def edit(self, weights: dict[str, int]) -> None:
        self.traffic.edited(weights)

    def lose_an_answer(self) -> None:
        self.traffic.lost = 1

    def freeze(self) -> None:
        self.traffic.frozen = True


class ApiWorld:
    """The real adapter; the API server and Traefik's replicas are fakes that speak HTTP."""

    def __init__(self, server: FakeCluster) -> None:
        self.server = server
        self.replicas = [FakeReplica(server, "traefik-a"), FakeReplica(server, "traefik-b")]
        for replica in self.replicas:
            replica.up = {f"podinfo-{OLD}", f"podinfo-{NEW}"}

    def router(self, lists: Lists = LISTS) -> ClusterRouter:
        cluster = self.server.connect()
        pods = TraefikPods(namespace="traefik")
        return ClusterRouter(cluster, lists, TrafficView(lambda: pods.endpoints(cluster)))

    def edit(self, weights: dict[str, int]) -> None:
        members = [
            {"kind": "Service", "name": f"podinfo-{version}", "port": 80, "weight": weight}
            for version, weight in weights.items()
        ]
        self.server.edit(LISTS.path("podinfo"), {"spec": {"weighted": {"services": members}}})

    def lose_an_answer(self) -> None:
        self.server.faults.append(Fault(method="PUT", drop="after"))

    def freeze(self) -> None:
        for replica in self.replicas:
            replica.frozen = True


@contextmanager
def api_world() -> Iterator[ApiWorld]:
    """A fresh fake API server with two replicas of Traefik."""
    with FakeCluster() as server:
        yield ApiWorld(server)
