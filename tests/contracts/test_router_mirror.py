"""Copies of requests: the mirror stands in the primary's place in both lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.routing import (
    LISTS,
    NEW,
    OLD,
    REST,
    ApiWorld,
    FakeWorld,
    World,
    api_world,
    at,
    live_soon,
)

MIRRORED = replace(at(0), mirror_percent=50)
MIRROR = "podinfo-mirror"


@pytest.fixture
def api() -> Iterator[ApiWorld]:
    with api_world() as made:
        yield made


@pytest.fixture(params=["fake", "api"])
def world(request: pytest.FixtureRequest, api: ApiWorld) -> World:
    return FakeWorld() if request.param == "fake" else api


def writes(api: ApiWorld) -> list[str]:
    calls, api.server.calls = [*api.server.calls], []
    asked = (call.partition(" ") for call in calls if not call.startswith("GET"))
    return [f"{method} {path.partition('?')[0].rpartition('/')[2]}" for method, _, path in asked]


def body(api: ApiWorld, name: str) -> Any:
    return api.server.objects.read(LISTS.path(name))


def test_users_are_all_the_primarys_while_copies_go_to_the_canary(world: World) -> None:
    router = world.router()
    router.write(REST)
    router.write(MIRRORED)
    route = world.router().route()
    assert route is not None
    assert route.record == MIRRORED
    assert route.weights == route.shielded == {OLD: 100}
    live = live_soon(router, MIRRORED)
    assert live.confirmed, live.text
    assert live.versions == {OLD, NEW}


@pytest.mark.parametrize("weight", [10, 0])
def test_nothing_is_left_of_it_afterwards(world: World, weight: int) -> None:
    router = world.router()
    for record in (REST, MIRRORED, at(weight)):
        router.write(record)
    live = live_soon(router, at(weight))
    assert live.confirmed, live.text
    assert live.versions == set(dict(at(weight).members))


def test_copies_are_not_live_before_traefik_has_them(world: World) -> None:
    router = world.router()
    router.write(REST)
    assert live_soon(router, REST).confirmed
    world.freeze()
    router.write(MIRRORED)
    assert not router.live(MIRRORED).confirmed


def test_the_mirror_is_there_before_the_lists_name_it(api: ApiWorld) -> None:
    router = api.router()
    router.write(REST)
    writes(api)
    router.write(MIRRORED)
    assert writes(api) == ["POST traefikservices", "PUT podinfo", "PUT podinfo-shielded"]
    stands = {"kind": "TraefikService", "name": MIRROR, "port": 80, "weight": 100}
    for name in ("podinfo", "podinfo-shielded"):
        assert body(api, name)["spec"]["weighted"]["services"] == [stands]
    copies = {"kind": "Service", "name": f"podinfo-{NEW}", "port": 80, "percent": 50}
    assert body(api, MIRROR)["spec"]["mirroring"] == {
        "kind": "Service",
        "name": f"podinfo-{OLD}",
        "port": 80,
        "maxBodySize": 1048576,
        "mirrors": [copies],
    }
    router.write(at(10))
    assert writes(api)[-2:] == ["PUT podinfo", f"DELETE {MIRROR}"]


def test_what_a_replica_lacks_of_it_is_named(api: ApiWorld) -> None:
    router = api.router()
    router.write(MIRRORED)
    (replica, *_) = api.replicas
    replica.up = {f"podinfo-{OLD}"}
    text = f"has no server up for test-podinfo-{NEW}-80"
    assert text in router.live(MIRRORED).text
    assert "has another podinfo-mirror" in router.live(replace(MIRRORED, mirror_percent=9)).text
    router.write(REST)
    assert "does not know podinfo-mirror yet" in router.live(MIRRORED).text
