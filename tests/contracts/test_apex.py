"""What every Apex promises; the fake and the adapter must agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from canary.adapters.routes.apex import ApexService
from canary.errors import ClusterError, ConflictError, PortError
from canary.ports import Apex
from tests.contracts.claiming import claim_of
from tests.fakes.apex import FakeApex
from tests.fakes.cluster import FakeCluster, Fault

SERVICES = "/api/v1/namespaces/test/services"
PATH = f"{SERVICES}/podinfo"
OLD, NEW = "0123456789", "abcdefabcd"


def declared(annotations: dict[str, str] | None = None) -> dict[str, Any]:
    """The apex as Pulumi declares it: without a selector."""
    return {
        "metadata": {
            "name": "podinfo",
            "labels": {"app.kubernetes.io/managed-by": "canary"},
            "annotations": {"canary.rollout/owner": "me"} if annotations is None else annotations,
        },
        "spec": {"ports": [{"port": 80}]},
    }


def adapter(server: FakeCluster) -> ApexService:
    cluster = server.connect()
    return ApexService(
        cluster, app="podinfo", namespace="test", owner="me", claim=claim_of(cluster)
    )


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


@pytest.fixture(params=["fake", "api"])
def apex(request: pytest.FixtureRequest, server: FakeCluster) -> Apex:
    if request.param == "fake":
        return FakeApex()
    server.put(SERVICES, declared())
    return adapter(server)


def test_it_points_nowhere_then_where_it_is_told(apex: Apex) -> None:
    assert apex.version() == ""
    for version in (OLD, OLD, NEW, ""):
        apex.point_to(version)
        assert apex.version() == version


def test_the_selector_is_the_versions_and_the_rest_stays(server: FakeCluster) -> None:
    server.put(SERVICES, declared())
    adapter(server).point_to(OLD)
    body = server.objects.read(PATH)
    assert body["spec"] == {
        "ports": [{"port": 80}],
        "selector": {"app.kubernetes.io/name": "podinfo", "app.kubernetes.io/version": OLD},
    }


def test_a_service_that_is_not_there_points_nowhere_and_cannot_be_flipped(
    server: FakeCluster,
) -> None:
    apex = adapter(server)
    assert apex.version() == ""
    apex.point_to("")
    with pytest.raises(ClusterError, match=r"does not exist; .* `pulumi up --refresh` makes it"):
        apex.point_to(OLD)


@pytest.mark.parametrize("annotations", [{"canary.rollout/owner": "them"}])
def test_somebody_elses_service_is_left_alone(
    server: FakeCluster, annotations: dict[str, str]
) -> None:
    server.put(SERVICES, declared(annotations))
    with pytest.raises(ConflictError, match="exists and is not ours"):
        adapter(server).point_to(OLD)
    assert "selector" not in server.objects.read(PATH)["spec"]


def racing(server: FakeCluster, edit: Callable[[], Any]) -> ApexService:
    """An adapter between whose read and write somebody else does `edit`, once."""
    cluster = server.connect()
    edits = [edit]
    replace = cluster.replace

    def late(path: str, body: dict[str, Any]) -> dict[str, Any]:
        if edits:
            edits.pop()()
        return replace(path, body)

    cluster.replace = late  # type: ignore[method-assign]
    return ApexService(
        cluster, app="podinfo", namespace="test", owner="me", claim=claim_of(cluster)
    )


def test_a_label_added_meanwhile_is_kept(server: FakeCluster) -> None:
    server.put(SERVICES, declared())
    apex = racing(server, lambda: server.edit(PATH, {"metadata": {"labels": {"team": "a"}}}))
    apex.point_to(OLD)
    assert apex.version() == OLD
    assert server.objects.read(PATH)["metadata"]["labels"]["team"] == "a"


def test_a_flip_by_somebody_else_meanwhile_is_a_conflict(server: FakeCluster) -> None:
    server.put(SERVICES, declared())
    there = {"spec": {"selector": {"app.kubernetes.io/version": "ffffffffff"}}}
    apex = racing(server, lambda: server.edit(PATH, there))
    with pytest.raises(ConflictError, match="was pointed to ffffffffff by kubectl-edit"):
        apex.point_to(OLD)


def test_a_lost_answer_heals(server: FakeCluster) -> None:
    server.put(SERVICES, declared())
    server.faults.append(Fault(method="PUT", drop="after"))
    apex = adapter(server)
    with pytest.raises(PortError) as caught:
        apex.point_to(OLD)
    assert caught.value.retryable
    apex.point_to(OLD)
    assert apex.version() == OLD
