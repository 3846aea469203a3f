"""The cluster adapters' contracts on the real cluster; `test_bed.py` runs this file inside it.

The Router's suite is the one that fake and adapter pass elsewhere, imported.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from canary.adapters.cluster.access import Ask, Endpoint, PodAddress, ServiceAddress, service_proxy
from canary.adapters.cluster.forward import Forwarded
from canary.adapters.outlets.events import ClusterEvents
from canary.adapters.outlets.history import RolloutHistory
from canary.adapters.routes.apex import ApexService
from canary.adapters.routes.router import ClusterRouter
from canary.adapters.routes.traffic import TraefikPods, TrafficView, forwarded_replicas
from canary.core.record import BASELINE
from canary.core.seen import Pods
from canary.errors import ClusterError, MetricsError
from tests.contracts.bed_world import (
    APP,
    LISTS,
    NAMESPACE,
    NAMESPACES,
    PODINFO,
    TRAEFIK,
    BedWorld,
    await_,
    deployment,
    deployments,
    install,
    make,
    uninstall,
)
from tests.contracts.pods_on_bed import *  # noqa: F403 - a part of the suite
from tests.contracts.pods_on_bed import fleet, ours
from tests.contracts.routing import NEW, OLD, REST, at, live_soon
from tests.contracts.samples import report
from tests.contracts.test_router import *  # noqa: F403 - the suite itself


@pytest.fixture(scope="session")
def installed() -> Iterator[BedWorld]:
    world = BedWorld()
    made = install(world.cluster, (OLD, NEW))
    yield world
    uninstall(world.cluster, made)


# The suite's own worlds make way for the real one.
@pytest.fixture  # type: ignore[no-redef]
def world(installed: BedWorld) -> Iterator[BedWorld]:
    yield installed
    installed.thaw()
    installed.router().remove()


def test_a_version_is_copied_routed_and_deleted_and_its_own_pods_are_told_apart(
    world: BedWorld,
) -> None:
    pods, router = fleet(world).pods, world.router()
    router.write(REST)
    fleet(world).copy(OLD, 2, "r1")
    await_(lambda: pods()[BASELINE].ready == 2, "two pods of the copy", 120.0)
    assert pods()[OLD] == Pods(wanted=1, existing=1, ready=1)
    assert endpoints(world, OLD) == 1
    assert endpoints(world, BASELINE) == 2
    beside = replace(at(20), baseline=True)
    router.write(beside)
    live = live_soon(router, beside)
    assert live.confirmed, live.text
    assert live.versions == {OLD, NEW, BASELINE}
    router.write(REST)
    assert BASELINE not in live_soon(router, REST).versions
    fleet(world).copy(OLD, 1, "r2")
    await_(lambda: pods()[BASELINE].ready == 1, "the pod of the next run's copy", 120.0)
    fleet(world).discard("r2")
    assert BASELINE not in pods()
    await_(lambda: endpoints(world, BASELINE) == 0, "the end of its endpoints", 90.0)


def endpoints(world: BedWorld, version: str) -> int:
    """How many ready pods the Service of a version leads to."""
    slices = world.cluster.list_(
        f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices",
        label_selector=f"kubernetes.io/service-name={APP}-{version}",
    )
    found = [endpoint for one in slices for endpoint in one.get("endpoints") or []]
    return sum(bool(endpoint["conditions"].get("ready")) for endpoint in found)


def has_trouble(world: BedWorld, version: str, trouble: str) -> bool:
    return trouble in fleet(world).pods()[version].trouble


TROUBLES: dict[str, tuple[dict[str, Any], str]] = {
    "a000000001": (deployment("a000000001", f"{PODINFO}:nope"), f"{PODINFO}:nope"),
    "a000000002": (deployment("a000000002", f"{PODINFO}:6.9.2-unready"), "fails: HTTP 503"),
    "a000000003": (deployment("a000000003", args=["--no-such-flag"]), "container podinfo exited"),
    "a000000004": (
        deployment("a000000004", resources={"requests": {"cpu": "900"}}),
        "unschedulable: 0/1 nodes are available: 1 Insufficient cpu",
    ),
}


def test_troubles_are_the_clusters_own_words(world: BedWorld) -> None:
    for body, _ in TROUBLES.values():
        make(world.cluster, deployments(NAMESPACE), body)
    for version, (_, trouble) in TROUBLES.items():
        await_(partial(has_trouble, world, version, trouble), trouble, 90.0)
    await_(lambda: fleet(world).pods()["a000000003"].exits >= 2, "two exits", 90.0)
    for version in TROUBLES:
        world.cluster.delete(f"{deployments(NAMESPACE)}/{APP}-{version}")


def test_a_quota_is_told_though_there_is_no_pod(world: BedWorld) -> None:
    quotas = f"{NAMESPACES}/{NAMESPACE}/resourcequotas"
    spec = {"hard": {"requests.memory": "1Gi"}}
    make(world.cluster, quotas, {"metadata": {"name": "small"}, "spec": spec})
    greedy = deployment("a000000005", resources={"requests": {"memory": "900Gi"}})
    make(world.cluster, deployments(NAMESPACE), greedy)
    told = partial(has_trouble, world, "a000000005", "exceeded quota: small")
    await_(told, "the quota", 90.0)
    world.cluster.delete(f"{deployments(NAMESPACE)}/{APP}-a000000005")
    world.cluster.delete(f"{quotas}/small")


def test_the_apex_follows_and_keeps_its_address(world: BedWorld) -> None:
    path = f"{NAMESPACES}/{NAMESPACE}/services"
    label = {"app.kubernetes.io/managed-by": "canary"}
    body = {"metadata": {"name": APP, "labels": label}, "spec": {"ports": [{"port": 80}]}}
    made = world.cluster.create(path, body)
    apex = ApexService(world.cluster, **ours(world))
    for version in (OLD, NEW, ""):
        apex.point_to(version)
        assert apex.version() == version
    now = world.cluster.read(f"{path}/{APP}")
    assert now["spec"]["clusterIP"] == made["spec"]["clusterIP"]
    assert now["metadata"]["uid"] == made["metadata"]["uid"]


def test_events_are_found_by_the_objects_uid(world: BedWorld) -> None:
    world.router().write(REST)
    events = ClusterEvents(world.cluster, app=APP, namespace=NAMESPACE, wall_s=time.time)
    assert events.tell("WeightShifted", "5 % to the canary: " + "x" * 2000)
    assert events.tell("RolledBack", "too many errors", warning=True)
    uid = world.cluster.read(
        f"/apis/traefik.io/v1alpha1/namespaces/{NAMESPACE}/traefikservices/{APP}"
    )
    found = world.cluster.list_(
        f"{NAMESPACES}/{NAMESPACE}/events",
        field_selector=f"involvedObject.uid={uid['metadata']['uid']}",
    )
    assert {(e["reason"], e["type"]) for e in found} == {
        ("WeightShifted", "Normal"),
        ("RolledBack", "Warning"),
    }


def test_the_history_keeps_ten(world: BedWorld) -> None:
    history = RolloutHistory(world.cluster, app=APP, namespace=NAMESPACE, owner="me")
    for number in range(12):
        history.keep(report(f"r{number}"))
    path = f"{NAMESPACES}/{NAMESPACE}/configmaps/{APP}-rollouts"
    reports = json.loads(world.cluster.read(path)["data"]["reports.json"])
    assert [kept["run"] for kept in reports] == [f"r{n}" for n in range(11, 1, -1)]
    history.remove()
    assert world.cluster.find(path) is None


def test_traefik_follows_every_weight(world: BedWorld) -> None:
    router = world.router()
    router.write(REST)
    for weight in (5, 50, 100, 0):
        router.write(at(weight))
        assert live_soon(router, at(weight)).confirmed


def test_an_unknown_kind_and_an_unknown_namespace_are_told_apart(world: BedWorld) -> None:
    with pytest.raises(ClusterError, match="knows no widgets"):
        world.cluster.list_("/apis/example.com/v1/namespaces/test/widgets")
    with pytest.raises(ClusterError, match='namespaces "nowhere" not found'):
        world.cluster.create(f"{NAMESPACES}/nowhere/configmaps", {"metadata": {"name": "a"}})


@pytest.mark.parametrize("how", ["proxy", "forward"])
def test_a_service_is_reached_through_the_api_server(world: BedWorld, how: str) -> None:
    address = ServiceAddress(namespace=NAMESPACE, service=f"{APP}-{OLD}", port=80)
    endpoint: Endpoint = (
        service_proxy("podinfo", world.cluster, address, raises=MetricsError)
        if how == "proxy"
        else Forwarded("podinfo", world.cluster, address, raises=MetricsError)
    )
    for _ in range(3):
        assert endpoint.request(Ask(path="/version")).json()["version"] == "6.9.2"
    body = b"x" * 200_000
    echoed = endpoint.request(Ask(method="POST", path="/echo", content=body))
    assert (echoed.status_code, echoed.content) == (202, body)
    assert endpoint.request(Ask(path="/status/503")).status_code == 503
    with pytest.raises(MetricsError, match=r"did not answer within 0\.5 s"):
        endpoint.request(Ask(path="/delay/3", timeout_s=0.5))


def test_replicas_can_be_asked_through_forwards(world: BedWorld) -> None:
    pods = TraefikPods(namespace=TRAEFIK)
    view = TrafficView(forwarded_replicas(world.cluster, pods))
    router = ClusterRouter(world.cluster, LISTS, view)
    router.write(REST)
    assert live_soon(router, REST).confirmed
    assert live_soon(router, REST).versions == {OLD}


def test_a_forward_to_what_is_not_there_is_one_line(world: BedWorld) -> None:
    pod = PodAddress(namespace=NAMESPACE, pod="nobody", port=80)
    with pytest.raises(MetricsError, match=r"a port-forward to nobody:80 was refused \(404\)"):
        Forwarded("podinfo", world.cluster, pod, raises=MetricsError).request(Ask(path="/"))
