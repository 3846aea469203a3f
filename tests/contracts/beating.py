"""A keeper of Leases whose clocks are moved by hand, and what it has written."""

from __future__ import annotations

from typing import Any

from canary.adapters.process.heartbeat import LeaseKeeper, Pace
from tests.fakes.cluster import FakeCluster

LEASES = "/apis/coordination.k8s.io/v1/namespaces/test/leases"
NEVER_S = 3600.0


class Times:
    """The keeper's clocks, moved by hand."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


def keeper_of(server: FakeCluster, times: Times, every_s: float = NEVER_S) -> LeaseKeeper:
    pace = Pace(boot_s=times, wall_s=times, every_s=every_s)
    return LeaseKeeper(server.connect, namespace="test", owner="me", pace=pace)


def lease(server: FakeCluster) -> Any:
    (body,) = server.objects.items(LEASES, "", "")
    return body
