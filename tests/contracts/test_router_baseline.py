"""The baseline in the lists: a member of its own, whose name no version has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from canary.core.record import BASELINE
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

BESIDE = replace(at(20), baseline=True)
SERVICE = "podinfo-baseline"


@pytest.fixture
def api() -> Iterator[ApiWorld]:
    with api_world() as made:
        for replica in made.replicas:
            replica.up.add(SERVICE)
        yield made


@pytest.fixture(params=["fake", "api"])
def world(request: pytest.FixtureRequest, api: ApiWorld) -> World:
    return FakeWorld() if request.param == "fake" else api


def members(api: ApiWorld, name: str) -> dict[str, int]:
    body: Any = api.server.objects.read(LISTS.path(name))
    return {member["name"]: member["weight"] for member in body["spec"]["weighted"]["services"]}


def test_it_gets_what_the_canary_gets_in_both_lists(world: World) -> None:
    router = world.router()
    router.write(REST)
    router.write(BESIDE)
    route = world.router().route()
    assert route is not None
    assert route.record == BESIDE
    assert route.weights == route.shielded == {OLD: 60, NEW: 20, BASELINE: 20}
    live = live_soon(router, BESIDE)
    assert live.confirmed, live.text
    assert live.versions == {OLD, NEW, BASELINE}


@pytest.mark.parametrize("weight", [50, 80])
def test_where_it_and_the_canary_share_everything_the_primary_is_not_listed(
    world: World, weight: int
) -> None:
    router = world.router()
    for record in (REST, BESIDE, replace(BESIDE, weight_percent=weight)):
        router.write(record)
    route = world.router().route()
    assert route is not None
    assert route.weights == route.shielded == {NEW: weight, BASELINE: 100 - weight}
    assert live_soon(router, replace(BESIDE, weight_percent=weight)).confirmed


@pytest.mark.parametrize("weight", [0, 100])
def test_traefik_names_it_no_more_at_the_end(world: World, weight: int) -> None:
    router = world.router()
    ended = replace(BESIDE, weight_percent=weight)
    for record in (REST, BESIDE, ended):
        router.write(record)
    live = live_soon(router, ended)
    assert live.confirmed, live.text
    assert BASELINE not in live.versions


def test_it_is_not_live_before_traefik_has_it(world: World) -> None:
    router = world.router()
    router.write(REST)
    assert live_soon(router, REST).confirmed
    world.freeze()
    router.write(BESIDE)
    assert not router.live(BESIDE).confirmed


def test_what_somebody_changes_about_it_is_seen(world: World) -> None:
    router = world.router()
    router.write(REST)
    router.write(BESIDE)
    world.edit({OLD: 40, NEW: 20, BASELINE: 40})
    route = router.route()
    assert route is not None
    assert route.weights == {OLD: 40, NEW: 20, BASELINE: 40}


def test_in_the_shielded_list_nothing_stands_in_its_place(api: ApiWorld) -> None:
    router = api.router()
    router.write(REST)
    router.write(BESIDE)
    assert members(api, "podinfo") == {f"podinfo-{OLD}": 60, f"podinfo-{NEW}": 20, SERVICE: 20}
    shielded = {f"podinfo-{OLD}": 60, "podinfo-failover": 20, SERVICE: 20}
    assert members(api, "podinfo-shielded") == shielded


def test_one_without_a_server_is_not_live(api: ApiWorld) -> None:
    router = api.router()
    router.write(REST)
    router.write(BESIDE)
    api.replicas[1].up.discard(SERVICE)
    live = router.live(BESIDE)
    assert not live.confirmed
    assert live.text.endswith("has no server up for test-podinfo-baseline-80")
