"""A whole release over real HTTP while the API server refuses, drops, hangs and loses answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cluster import FakeCluster, Fault
from tests.provider.test_rollout import NAMESPACE, V1, props, running, server, weights, wire
from tests.provider.wire import Wire

__all__ = ["running", "server", "wire"]  # the fixtures

WRITES = ("POST", "PUT", "PATCH")
FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"status": 429, "retry_after_s": 0},
    "failing": {"status": 500},
    "away": {"status": 503, "times": 3},
    "dropped": {"drop": "before"},
    "lost": {"drop": "after"},
}
TIMEOUT_S = 5.0


def create_under(faults: list[Fault], wire: Wire, server: FakeCluster) -> None:
    """Deploy a first version while these befall its requests; all is as without them."""
    server.faults = faults
    allowed = sum(fault.times for fault in faults)
    wire.create(props())
    assert sum(fault.times for fault in faults) < allowed, "no request was befallen"
    assert weights(server) == [(f"podinfo-{V1}", 100)]
    selector = server.objects.read(f"{NAMESPACE}/services/podinfo")["spec"]["selector"]
    assert selector["app.kubernetes.io/version"] == V1


@pytest.mark.parametrize("where", ["traefikservices", "leases", "services/podinfo"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_that_goes_wrong_costs_no_release(
    wire: Wire, server: FakeCluster, where: str, fault: str
) -> None:
    create_under([Fault(method=one, path=where, **FAULTS[fault]) for one in WRITES], wire, server)


@pytest.mark.parametrize("fault", FAULTS)
def test_reads_that_go_wrong_cost_no_release(wire: Wire, server: FakeCluster, fault: str) -> None:
    paths = ("traefikservices", "services/podinfo", "deployments", "pods")
    create_under([Fault(method="GET", path=path, **FAULTS[fault]) for path in paths], wire, server)


@pytest.mark.parametrize("where", ["traefikservices", "leases", "services/podinfo"])
def test_a_conflict_that_was_none_costs_no_release(
    wire: Wire, server: FakeCluster, where: str
) -> None:
    create_under([Fault(method=one, path=where, status=409) for one in WRITES], wire, server)


def test_an_answer_that_never_comes_costs_its_timeout(wire: Wire, server: FakeCluster) -> None:
    hanging = Fault(method="POST", path="traefikservices", hang_s=TIMEOUT_S + 1.0)
    create_under([hanging], wire, server)


def test_a_release_watches_nothing(wire: Wire, server: FakeCluster) -> None:
    """So no watch can expire under it: whatever it must know it reads."""
    wire.create(props())
    assert server.calls
    assert not [call for call in server.calls if "watch" in call]
