"""Lists for requests that a rule picks: the canary while it is exposed, else the primary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from canary.core.record import Phase, Record
from canary.errors import ConflictError
from tests.contracts.guarding import Bench
from tests.contracts.routing import LISTS, NEW, OLD, REST, ApiWorld, api_world, at, live_soon

PICKED = replace(LISTS, picked=True, picked_shielded=True)
PREVIEWED = replace(LISTS, picked=True)
EXPOSED = replace(at(0), exposed=True)
BOTH = ("podinfo-canary", "podinfo-canary-shielded")
FAILOVER = {"kind": "TraefikService", "name": "podinfo-failover", "weight": 100}


@pytest.fixture
def api() -> Iterator[ApiWorld]:
    with api_world() as made:
        yield made


def members(api: ApiWorld, name: str) -> Any:
    return api.server.objects.read(LISTS.path(name))["spec"]["weighted"]["services"]


def only(version: str) -> list[dict[str, Any]]:
    return [{"kind": "Service", "name": f"podinfo-{version}", "port": 80, "weight": 100}]


def writes(api: ApiWorld) -> list[str]:
    calls, api.server.calls = [*api.server.calls], []
    asked = (call.partition(" ") for call in calls if not call.startswith("GET"))
    return [f"{method} {path.partition('?')[0].rpartition('/')[2]}" for method, _, path in asked]


def test_the_canary_is_there_while_it_is_exposed_and_the_primary_at_rest(api: ApiWorld) -> None:
    router = api.router(PICKED)
    for record, version in ((REST, OLD), (EXPOSED, NEW), (at(0), OLD), (at(100), NEW)):
        router.write(record)
        assert members(api, "podinfo-canary") == only(version)
        shielded = [FAILOVER] if version == NEW else only(OLD)
        assert members(api, "podinfo-canary-shielded") == shielded
        route = api.router(PICKED).route()
        assert route is not None
        assert route.picked == ({version: 100}, {version: 100})
        live = live_soon(router, record)
        assert live.confirmed, live.text


def test_they_come_after_the_plain_list_and_before_the_failover_goes(api: ApiWorld) -> None:
    router = api.router(PICKED)
    router.write(REST)
    writes(api)
    router.write(EXPOSED)
    raised = writes(api)
    assert raised[0] == "PUT podinfo"
    assert raised[-2:] == [f"PUT {name}" for name in BOTH]
    router.write(at(0))
    assert writes(api)[-3:] == [f"PUT {BOTH[0]}", f"PUT {BOTH[1]}", "DELETE podinfo-failover"]


def test_a_preview_has_no_shield(api: ApiWorld) -> None:
    router = api.router(PREVIEWED)
    router.write(EXPOSED)
    assert members(api, "podinfo-canary") == only(NEW)
    there = {b["metadata"]["name"] for b in api.server.objects.items(LISTS.collection, "", "")}
    assert there == {"podinfo", "podinfo-shielded", "podinfo-canary"}
    assert live_soon(router, EXPOSED).confirmed


def test_lists_that_another_strategy_left_are_kept_true(api: ApiWorld) -> None:
    api.router(PICKED).write(REST)
    api.router().write(at(20))
    assert members(api, "podinfo-canary") == only(NEW)
    api.router().write(at(0))
    assert members(api, "podinfo-canary") == only(OLD)
    api.router().remove()
    assert not api.server.objects.items(LISTS.collection, "", "")


def test_lists_that_are_not_there_yet_are_seen_as_empty(api: ApiWorld) -> None:
    api.router().write(REST)
    route = api.router(PICKED).route()
    assert route is not None
    assert route.picked == ({}, {})
    first = replace(REST, primary="", canary=NEW, phase=Phase.PREPARING)
    api.router(PREVIEWED).write(first)
    assert members(api, "podinfo-canary") == []


def test_somebody_elses_hand_is_seen(api: ApiWorld) -> None:
    router = api.router(PICKED)
    router.write(EXPOSED)
    spec = {"weighted": {"services": only("1111111111")}}
    api.server.edit(LISTS.path("podinfo-canary"), {"spec": spec})
    with pytest.raises(ConflictError, match="weights of podinfo-canary were changed"):
        router.write(replace(EXPOSED, phase=Phase.ROLLING_BACK, exposed=False))


@pytest.mark.parametrize("record", [EXPOSED, at(0)])
def test_what_a_replica_lacks_of_them_is_named(api: ApiWorld, record: Record) -> None:
    router = api.router(PREVIEWED)
    router.write(REST)
    router.write(replace(record, exposed=not record.exposed))
    assert "still routes podinfo-canary" in router.live(record).text
    router.write(record)
    for replica in api.replicas:
        replica.up = {f"podinfo-{OLD}"}
    gone = router.live(record).text
    assert ("has no server up" in gone) == record.exposed


def test_a_route_that_does_not_lead_there_yet_is_named(api: ApiWorld) -> None:
    router = api.router(PICKED)
    router.write(EXPOSED)
    for replica in api.replicas:
        replica.routed = False
    assert "a new strategy takes effect with the next update" in router.live(EXPOSED).text


def test_the_guard_restores_them(api: ApiWorld) -> None:
    bench = Bench(api)
    bench.router = api.router(PICKED)
    bench.router.write(REST)
    bench.router.write(replace(EXPOSED, lease=bench.heartbeat.begin()))
    bench.pass_(14.0)
    bench.demand_restored()
    assert not bench.record.exposed
    for name in BOTH:
        assert members(api, name) == only(OLD)
