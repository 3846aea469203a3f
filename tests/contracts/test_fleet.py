"""What every Fleet promises, and what the adapter reads out of pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from canary.adapters.pods.fleet import ClusterFleet
from canary.core.seen import Pods
from canary.errors import ClusterError, ConflictError
from canary.ports import Fleet
from tests.contracts.claiming import claim_of
from tests.contracts.pods import NOW_S, crashed, deployment, pod, running, waiting
from tests.fakes.cluster import FakeCluster
from tests.fakes.fleet import FakeFleet

V = "0123456789"
DEPLOYMENTS = "/apis/apps/v1/namespaces/test/deployments"
SCALERS = "/apis/autoscaling/v2/namespaces/test/horizontalpodautoscalers"
PODS = "/api/v1/namespaces/test/pods"
EVENTS = "/api/v1/namespaces/test/events"


def adapter(server: FakeCluster) -> ClusterFleet:
    cluster = server.connect()
    return ClusterFleet(
        cluster,
        app="podinfo",
        namespace="test",
        owner="me",
        wall_s=lambda: NOW_S,
        claim=claim_of(cluster),
    )


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


class World(Protocol):
    def fleet(self) -> Fleet: ...
    def deploy(self, version: str, ready: int) -> None: ...


class FakeWorld:
    def __init__(self) -> None:
        self._fleet = FakeFleet()

    def fleet(self) -> Fleet:
        return self._fleet

    def deploy(self, version: str, ready: int) -> None:
        self._fleet.deploy(version, replicas=ready)


class ApiWorld:
    def __init__(self, server: FakeCluster) -> None:
        self._server = server

    def fleet(self) -> Fleet:
        return adapter(self._server)

    def deploy(self, version: str, ready: int) -> None:
        self._server.put(DEPLOYMENTS, deployment(version, ready))
        for number in range(ready):
            self._server.put(PODS, pod(version, f"{version}-{number}"))


@pytest.fixture(params=["fake", "api"])
def world(request: pytest.FixtureRequest, server: FakeCluster) -> World:
    return FakeWorld() if request.param == "fake" else ApiWorld(server)


def test_every_version_with_a_deployment_is_told(world: World) -> None:
    world.deploy(V, 2)
    world.deploy("abcdefabcd", 0)
    pods = world.fleet().pods()
    assert pods == {V: Pods(wanted=2, existing=2, ready=2), "abcdefabcd": Pods()}


def test_scaling_is_seen_in_what_is_wanted(world: World) -> None:
    world.deploy(V, 0)
    world.fleet().scale(V, 3)
    assert world.fleet().pods()[V].wanted == 3
    world.fleet().scale(V, 0)
    assert world.fleet().pods()[V].wanted == 0


def test_what_does_not_exist_is_stopped_but_cannot_be_started(world: World) -> None:
    world.fleet().scale(V, 0)
    with pytest.raises(ClusterError, match="does not exist") as caught:
        world.fleet().scale(V, 1)
    assert caught.value.status == 404


def test_a_deployment_that_is_not_ours_is_not_scaled(server: FakeCluster) -> None:
    body = deployment(V, 1)
    body["metadata"]["annotations"] = {"canary.rollout/owner": "them"}
    server.put(DEPLOYMENTS, body)
    with pytest.raises(ConflictError, match="is not ours: it belongs to another stack"):
        adapter(server).scale(V, 0)


def test_with_an_autoscaler_only_its_least_and_the_first_pod_are_written(
    server: FakeCluster,
) -> None:
    server.put(DEPLOYMENTS, deployment(V, 0))
    scaler = deployment(V, 0) | {"spec": {"maxReplicas": 5}}
    server.put(SCALERS, scaler)
    fleet = adapter(server)
    fleet.scale(V, 3)
    assert server.objects.read(f"{SCALERS}/podinfo-{V}")["spec"]["minReplicas"] == 3
    assert fleet.pods()[V].wanted == 1
    server.edit(f"{DEPLOYMENTS}/podinfo-{V}", {"spec": {"replicas": 4}}, manager="hpa")
    fleet.scale(V, 9)
    assert server.objects.read(f"{SCALERS}/podinfo-{V}")["spec"]["minReplicas"] == 5
    assert fleet.pods()[V].wanted == 4
    fleet.scale(V, 0)
    assert fleet.pods()[V].wanted == 0


def seen(server: FakeCluster, *pods: dict[str, Any], **spec: Any) -> Pods:
    server.put(DEPLOYMENTS, deployment(V, len(pods), **spec))
    for number, body in enumerate(pods):
        body["metadata"]["name"] = f"podinfo-{V}-{number}"
        server.put(PODS, body)
    return adapter(server).pods()[V]


def test_pods_of_other_versions_are_not_counted(server: FakeCluster) -> None:
    assert seen(server, pod(V), pod("abcdefabcd")).existing == 1


def test_terminating_pods_no_longer_count(server: FakeCluster) -> None:
    going = pod(V)
    going["metadata"]["deletionTimestamp"] = "2023-11-14T22:00:00Z"
    going["status"]["containerStatuses"] = [crashed(restarts=0, code=143)]
    pods = seen(server, pod(V), going)
    assert (pods.existing, pods.ready, pods.exits, pods.disturbed) == (1, 1, 0, False)


def test_a_container_that_runs_again_has_exited_all_the_same(server: FakeCluster) -> None:
    """Killed for its memory it is ready again within a second, before anybody looks."""
    again = running(restarts=1)
    again["lastState"] = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    pods = seen(server, pod(V, statuses=[again]), pod(V))
    assert (pods.ready, pods.exits) == (2, 1)
    assert pods.trouble == "container podinfo exited once with code 137 OOMKilled"


def test_an_evicted_pod_disturbs_and_is_not_an_exit(server: FakeCluster) -> None:
    evicted = pod(V, ready=False)
    evicted["status"] |= {
        "phase": "Failed",
        "reason": "Evicted",
        "containerStatuses": [crashed(restarts=0, code=137)],
    }
    pods = seen(server, pod(V), evicted)
    assert (pods.existing, pods.exits, pods.disturbed) == (1, 0, True)


def test_a_pod_about_to_be_preempted_disturbs(server: FakeCluster) -> None:
    doomed = pod(V)
    doomed["status"]["conditions"].append({"type": "DisruptionTarget", "status": "True"})
    assert seen(server, doomed).disturbed


@pytest.mark.parametrize(("age_s", "settling"), [(5.0, 1), (60.0, 0)])
def test_a_pod_younger_than_its_probes_is_settling(
    server: FakeCluster, age_s: float, settling: int
) -> None:
    young = pod(V, ready=False, age_s=age_s, statuses=[running(ready=False)])
    pods = seen(server, young)
    assert (pods.settling, pods.disturbed) == (settling, False)


def test_a_young_pod_that_was_ready_before_or_has_exited_is_judged(server: FakeCluster) -> None:
    lapsed = pod(V, ready=False, age_s=8.0, ready_changed_s=3.0)
    assert not seen(server, lapsed).settling
    dead = pod(V, ready=False, age_s=8.0, statuses=[crashed(restarts=0, code=1)])
    server.put(PODS, dead | {"metadata": {**dead["metadata"], "name": "another"}})
    assert not adapter(server).pods()[V].settling


@pytest.mark.parametrize(
    ("status", "exits"),
    [
        (running(restarts=0), 0),
        (running(restarts=2), 2),
        (crashed(restarts=1, code=1), 2),
        (waiting("CrashLoopBackOff", restarts=2, code=137), 3),
        (waiting("ContainerCreating"), 0),
    ],
)
def test_exits_are_restarts_and_the_end_that_is_not_yet_one(
    server: FakeCluster, status: dict[str, Any], exits: int
) -> None:
    assert seen(server, pod(V, ready=False, statuses=[status])).exits == exits


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (
            waiting("ImagePullBackOff", image="ghcr.io/stefanprodan/podinfo:nope"),
            "ImagePullBackOff: ghcr.io/stefanprodan/podinfo:nope",
        ),
        (
            waiting("CreateContainerConfigError", message='secret "db" not found'),
            'container podinfo: CreateContainerConfigError: secret "db" not found',
        ),
        (
            waiting("CrashLoopBackOff", restarts=2, code=137, reason_of_end="OOMKilled"),
            "container podinfo exited 3 times, last with code 137 OOMKilled",
        ),
        (crashed(restarts=0, code=3), "container podinfo exited once with code 3"),
        (waiting("ContainerCreating"), ""),
    ],
)
def test_trouble_is_one_line(server: FakeCluster, status: dict[str, Any], trouble: str) -> None:
    assert seen(server, pod(V, ready=False, statuses=[status])).trouble == trouble


def test_an_unschedulable_pod_says_what_is_missing(server: FakeCluster) -> None:
    body = pod(V, ready=False, statuses=[])
    message = "0/1 nodes are available: 1 Insufficient cpu."
    body["status"]["conditions"].append(
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    )
    assert seen(server, body).trouble == f"unschedulable: {message}"


def test_a_quota_that_forbids_pods_is_told(server: FakeCluster) -> None:
    message = 'pods "x" is forbidden: exceeded quota: small, requested: pods=1, limited: pods=0'
    pods = seen(server, failure=message)
    assert pods.trouble == "exceeded quota: small, requested: pods=1, limited: pods=0"


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        (
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            "readiness probe fails: HTTP 503",
        ),
        (
            'Readiness probe failed: Get "http://10.0.0.2:9898/": dial tcp: connection refused',
            "readiness probe fails: connection refused",
        ),
        ("", "readiness probe does not pass"),
    ],
)
def test_a_failing_probe_is_told_from_events(
    server: FakeCluster, message: str, trouble: str
) -> None:
    if message:
        about = {"name": f"podinfo-{V}-0"}
        event = {"metadata": {"name": "e"}, "reason": "Unhealthy", "message": message}
        server.put(EVENTS, event | {"involvedObject": about})
    assert seen(server, pod(V, ready=False)).trouble == trouble
