"""A list and a Service that somebody else made: taken over by name, and given back as they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from canary.adapters.routes.adoption import ADOPTED
from canary.adapters.routes.apex import ApexService
from canary.adapters.routes.router import ClusterRouter
from canary.core.record import Phase, Record
from canary.errors import ClusterError, ConflictError
from tests.contracts.claiming import claim_of
from tests.contracts.routing import LISTS, NEW, OLD, ApiWorld, api_world, at
from tests.fakes.cluster import FakeCluster

PLAIN = LISTS.path("podinfo")
SERVICES = "/api/v1/namespaces/test/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/test/endpointslices"
PEER = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "podinfo", "uid": "u"}
MEMBERS = [
    {"name": "podinfo-primary", "port": 80, "weight": 90},
    {"name": "podinfo-canary", "port": 80, "weight": 10},
]
CLAIM = Record(owner="me", run="r1", phase=Phase.PREPARING, canary=NEW)
FIRST = Record(owner="me", run="r1", primary=NEW)


@pytest.fixture
def world() -> Iterator[ApiWorld]:
    """A list as the peer leaves it."""
    with api_world() as world:
        metadata = {
            "name": "podinfo",
            "namespace": "test",
            "labels": {"team": "a", "app.kubernetes.io/managed-by": "flagger"},
            "annotations": {"note": "b"},
            "ownerReferences": [PEER],
        }
        spec = {"weighted": {"services": MEMBERS, "sticky": {"cookie": {"name": "c"}}}}
        kind = {"apiVersion": "traefik.io/v1alpha1", "kind": "TraefikService"}
        body = {**kind, "metadata": metadata, "spec": spec}
        world.server.put(LISTS.collection, body, "flagger")
        yield world


def adopting(world: ApiWorld) -> ClusterRouter:
    return world.router(replace(LISTS, adopts=True))


def plain(world: ApiWorld) -> Any:
    return world.server.objects.read(PLAIN)


def as_it_was(world: ApiWorld) -> Any:
    body = plain(world)
    marks = ("resourceVersion", "managedFields", "uid", "creationTimestamp")
    return {
        **body,
        "metadata": {key: value for key, value in body["metadata"].items() if key not in marks},
    }


def test_a_list_of_somebody_elses_is_no_route_of_ours(world: ApiWorld) -> None:
    assert adopting(world).route() is None


def test_a_claim_leaves_requests_where_they_go(world: ApiWorld) -> None:
    adopting(world).write(CLAIM)
    assert plain(world)["spec"]["weighted"]["services"] == MEMBERS
    route = adopting(world).route()
    assert route is not None
    assert (route.record, route.weights, route.shielded) == (CLAIM, {}, {})


def test_what_is_ours_does_not_go_with_whoever_made_it(world: ApiWorld) -> None:
    adopting(world).write(CLAIM)
    assert "ownerReferences" not in plain(world)["metadata"]


def test_with_the_first_version_nothing_is_left_of_what_was_there(world: ApiWorld) -> None:
    router = adopting(world)
    router.write(CLAIM)
    router.write(FIRST)
    member = {"kind": "Service", "name": f"podinfo-{NEW}", "port": 80, "weight": 100}
    assert plain(world)["spec"] == {"weighted": {"services": [member]}}
    metadata = plain(world)["metadata"]
    assert ADOPTED not in metadata["annotations"]
    assert metadata["labels"]["team"] == "a"
    route = adopting(world).route()
    assert route is not None
    assert route.weights == route.shielded == {NEW: 100}


def test_another_driver_goes_on_from_a_claim(world: ApiWorld) -> None:
    adopting(world).write(CLAIM)
    again = replace(CLAIM, run="r2", canary=OLD)
    router = adopting(world)
    router.write(again)
    assert plain(world)["spec"]["weighted"]["services"] == MEMBERS
    router.write(replace(FIRST, run="r2", primary=OLD))
    assert [m["name"] for m in plain(world)["spec"]["weighted"]["services"]] == [f"podinfo-{OLD}"]


def test_what_no_version_ever_had_is_given_back_as_it_was(world: ApiWorld) -> None:
    before = as_it_was(world)
    adopting(world).write(CLAIM)
    adopting(world).remove()
    assert as_it_was(world) == before
    names = {b["metadata"]["name"] for b in world.server.objects.items(LISTS.collection, "", "")}
    assert names == {"podinfo"}


def test_what_was_never_claimed_is_not_removed(world: ApiWorld) -> None:
    before = plain(world)
    adopting(world).remove()
    assert plain(world) == before


def test_what_has_served_is_removed(world: ApiWorld) -> None:
    adopting(world).write(CLAIM)
    adopting(world).write(FIRST)
    adopting(world).remove()
    assert world.server.objects.items(LISTS.collection, "", "") == []


def test_a_peer_that_is_still_at_work_is_a_conflict(world: ApiWorld) -> None:
    router = adopting(world)
    assert router.route() is None
    world.server.edit(PLAIN, {"spec": {"weighted": {"services": MEMBERS[:1]}}}, "flagger")
    with pytest.raises(ConflictError, match=r"weights of podinfo were changed to 90 .* by flagger"):
        router.write(CLAIM)
    assert ADOPTED not in plain(world)["metadata"]["annotations"]


def test_only_what_is_named_is_taken_over(world: ApiWorld) -> None:
    with pytest.raises(ConflictError, match="exists and is not ours"):
        world.router().write(CLAIM)
    world.server.put(LISTS.collection, {"metadata": {"name": "podinfo-shielded"}, "spec": {}})
    with pytest.raises(ConflictError, match="podinfo-shielded"):
        adopting(world).write(at(10))


@pytest.mark.parametrize("owner", ["another stack"])
def test_a_list_of_another_stack_is_never_taken_over(world: ApiWorld, owner: str) -> None:
    world.server.edit(PLAIN, {"metadata": {"annotations": {"canary.rollout/owner": owner}}})
    with pytest.raises(ConflictError, match="belongs to another stack"):
        adopting(world).write(CLAIM)


WAS = {"app": "podinfo-primary"}


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    """A Service that Pulumi has taken over and that still leads to the old pods."""
    with FakeCluster() as server:
        metadata = {
            "name": "podinfo",
            "annotations": {"canary.rollout/owner": "me"},
            "ownerReferences": [PEER],
        }
        server.put(SERVICES, {"metadata": metadata, "spec": {"ports": [], "selector": WAS}})
        yield server


def endpoints(server: FakeCluster, version: str, *, ready: bool) -> None:
    labels = {"kubernetes.io/service-name": f"podinfo-{version}"}
    metadata = {"name": f"podinfo-{version}-x", "labels": labels}
    server.put(SLICES, {"metadata": metadata, "endpoints": [{"conditions": {"ready": ready}}]})


def apex(server: FakeCluster) -> ApexService:
    cluster = server.connect()
    return ApexService(
        cluster, app="podinfo", namespace="test", owner="me", claim=claim_of(cluster)
    )


def service(server: FakeCluster) -> Any:
    return server.objects.read(f"{SERVICES}/podinfo")


def test_callers_stay_until_the_version_has_endpoints(server: FakeCluster) -> None:
    endpoints(server, OLD, ready=True)
    endpoints(server, NEW, ready=False)
    with pytest.raises(ClusterError, match=f"podinfo-{NEW} in .* no ready endpoint") as caught:
        apex(server).point_to(NEW)
    assert caught.value.retryable
    assert service(server)["spec"]["selector"] == WAS
    apex(server).point_to(OLD)
    assert apex(server).version() == OLD
    assert "ownerReferences" not in service(server)["metadata"]


def test_a_first_version_that_goes_puts_the_callers_back(server: FakeCluster) -> None:
    before = service(server)
    endpoints(server, OLD, ready=True)
    apex(server).point_to(OLD)
    apex(server).point_to("")
    after = service(server)
    assert after["spec"]["selector"] == WAS
    for key in ("annotations", "ownerReferences"):
        assert after["metadata"][key] == before["metadata"][key]


def test_after_a_second_version_nobody_goes_back(server: FakeCluster) -> None:
    endpoints(server, OLD, ready=True)
    apex(server).point_to(OLD)
    apex(server).point_to(NEW)
    assert ADOPTED not in service(server)["metadata"]["annotations"]
    apex(server).point_to("")
    assert not service(server)["spec"]["selector"]


def test_a_selector_that_is_not_ours_is_not_removed(server: FakeCluster) -> None:
    before = service(server)
    apex(server).point_to("")
    assert service(server) == before


def test_a_selector_with_more_than_our_labels_is_not_ours(server: FakeCluster) -> None:
    more = {"app.kubernetes.io/name": "podinfo", "app.kubernetes.io/version": OLD, "tier": "web"}
    server.edit(f"{SERVICES}/podinfo", {"spec": {"selector": {**more, "app": None}}})
    apex(server).point_to("")
    assert service(server)["spec"]["selector"] == more
