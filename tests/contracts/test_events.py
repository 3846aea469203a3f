"""Events help people and hold up nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canary.adapters.outlets.events import ClusterEvents
from tests.contracts.routing import LISTS, REST, ApiWorld
from tests.fakes.cluster import FakeCluster, Fault

EVENTS = "/api/v1/namespaces/test/events"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


def events(server: FakeCluster) -> ClusterEvents:
    cluster = server.connect()
    return ClusterEvents(cluster, app="podinfo", namespace="test", wall_s=lambda: 1.7e9)


def test_an_event_names_object_reason_and_time(server: FakeCluster) -> None:
    ApiWorld(server).router().write(REST)
    assert events(server).tell("RolledBack", "too many errors", warning=True)
    (event,) = server.objects.items(EVENTS, "", "")
    assert event["involvedObject"] == {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "TraefikService",
        "name": "podinfo",
        "namespace": "test",
        "uid": server.objects.read(LISTS.path("podinfo"))["metadata"]["uid"],
    }
    assert (event["type"], event["reason"]) == ("Warning", "RolledBack")
    assert event["message"] == "too many errors"
    assert event["eventTime"] == "2023-11-14T22:13:20.000000Z"
    assert event["lastTimestamp"] == "2023-11-14T22:13:20Z"


def test_without_the_object_the_event_is_told_all_the_same(server: FakeCluster) -> None:
    assert events(server).tell("Preparing", "waiting for pods")
    (event,) = server.objects.items(EVENTS, "", "")
    assert "uid" not in event["involvedObject"]


def test_a_long_note_is_cut_to_what_the_api_takes(server: FakeCluster) -> None:
    assert events(server).tell("Shifted", "ü" * 2000)
    (event,) = server.objects.items(EVENTS, "", "")
    assert len(event["message"].encode()) <= 1024


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=403), Fault(drop="before")])
def test_a_failing_server_is_no_error(server: FakeCluster, fault: Fault) -> None:
    fault.times = 99
    server.faults.append(fault)
    assert not events(server).tell("Shifted", "5 %")
