"""How the Router adapter writes: its order, its half-done writes, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from canary.core.record import Record
from canary.errors import ClusterError, ConflictError, PortError
from tests.contracts.routing import LISTS, NEW, OLD, REST, ApiWorld, api_world, at
from tests.fakes.cluster import Fault

PLAIN, SHIELDED, FAILOVER = LISTS.plain, LISTS.shielded, LISTS.failover


@pytest.fixture
def world() -> Iterator[ApiWorld]:
    with api_world() as world:
        yield world


def body(world: ApiWorld, name: str) -> Any:
    return world.server.objects.read(LISTS.path(name))


def names(world: ApiWorld) -> set[str]:
    return {b["metadata"]["name"] for b in world.server.objects.items(LISTS.collection, "", "")}


def writes(world: ApiWorld) -> list[str]:
    """What was written since the last call, e.g. "PUT podinfo"."""
    calls = [call for call in world.server.calls if "traefikservices" in call]
    world.server.calls.clear()
    found = []
    for call in calls:
        method, _, path = call.partition(" ")
        name = path.partition("?")[0].rsplit("/", 1)[-1]
        if method != "GET":
            found.append(f"{method} {name}")
    return found


def test_raising_writes_the_unshielded_list_last_and_lowering_first(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    writes(world)
    router.write(at(20))
    assert writes(world) == ["POST traefikservices", f"PUT {SHIELDED}", f"PUT {PLAIN}"]
    router.write(at(40))
    assert writes(world) == [f"PUT {SHIELDED}", f"PUT {PLAIN}"]
    router.write(at(0))
    assert writes(world) == [f"PUT {PLAIN}", f"PUT {SHIELDED}", f"DELETE {FAILOVER}"]


def test_the_lists_say_what_traefik_is_to_do(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    primary = {"kind": "Service", "name": f"podinfo-{OLD}", "port": 80, "weight": 80}
    canary = {"kind": "Service", "name": f"podinfo-{NEW}", "port": 80, "weight": 20}
    guarded = {"kind": "TraefikService", "name": "podinfo-failover", "weight": 20}
    assert body(world, PLAIN)["spec"] == {"weighted": {"services": [primary, canary]}}
    assert body(world, SHIELDED)["spec"] == {"weighted": {"services": [primary, guarded]}}
    assert body(world, FAILOVER)["spec"]["failover"] == {
        "service": {"kind": "Service", "name": f"podinfo-{NEW}", "port": 80},
        "fallback": {"kind": "Service", "name": f"podinfo-{OLD}-fallback", "port": 80},
        "errors": {"status": ["500-599"], "maxRequestBodyBytes": 65536},
    }
    metadata = body(world, PLAIN)["metadata"]
    assert metadata["labels"] == {
        "app.kubernetes.io/name": "podinfo",
        "app.kubernetes.io/managed-by": "canary",
    }
    assert metadata["annotations"] == {
        "canary.rollout/owner": "me",
        "canary.rollout/run": "r1",
        "canary.rollout/record": at(20).to_json(),
    }


def test_a_raise_that_was_cut_short_gives_less_than_planned_and_converges(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    plain_path = LISTS.path(PLAIN) + "?"
    world.server.faults.append(Fault(method="PUT", path=plain_path, status=500))
    with pytest.raises(ClusterError, match="500") as caught:
        router.write(at(40))
    assert caught.value.retryable
    other = world.router()
    route = other.route()
    assert route is not None
    assert (route.weights[NEW], route.shielded[NEW], route.record.weight_percent) == (20, 40, 20)
    router.write(at(40))
    route = other.route()
    assert route is not None
    assert (route.weights[NEW], route.shielded[NEW], route.record.weight_percent) == (40, 40, 40)


def test_a_new_driver_finishes_what_a_dead_one_began(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    world.server.faults.append(Fault(method="PUT", path=SHIELDED, status=503))
    with pytest.raises(ClusterError):
        router.write(at(0))
    other = world.router()
    route = other.route()
    assert route is not None
    assert (dict(route.weights), route.shielded[NEW]) == ({OLD: 100}, 20)
    other.write(at(0))
    route = other.route()
    assert route is not None
    assert route.weights == route.shielded == {OLD: 100}
    assert names(world) == {PLAIN, SHIELDED}


@pytest.mark.parametrize("name", [PLAIN, SHIELDED, FAILOVER])
def test_every_lost_answer_heals(world: ApiWorld, name: str) -> None:
    router = world.router()
    router.write(REST)
    # A failover is created, which is a POST to the collection; the lists are replaced.
    method = "POST" if name == FAILOVER else "PUT"
    world.server.faults.append(
        Fault(method=method, path="" if name == FAILOVER else f"{name}?", drop="after")
    )
    with pytest.raises(PortError):
        router.write(at(20))
    router.write(at(20))
    route = router.route()
    assert route is not None
    assert route.weights == route.shielded == {OLD: 80, NEW: 20}


@pytest.mark.parametrize("weight", [0, 20])
def test_a_first_write_whose_answer_was_lost_is_our_own(world: ApiWorld, weight: int) -> None:
    router = world.router()
    assert router.route() is None
    world.server.faults.append(Fault(method="POST", path="", drop="after", times=2))
    for _ in range(2):  # of each list the answer is lost
        with pytest.raises(PortError):
            router.write(at(0))
    router.write(at(weight))
    route = router.route()
    assert route is not None
    assert dict(route.weights) == dict(at(weight).members)


def test_what_another_run_created_meanwhile_is_a_conflict(world: ApiWorld) -> None:
    router = world.router()
    assert router.route() is None
    world.router().write(replace(at(0), run="r2"))
    with pytest.raises(ConflictError, match="TraefikService podinfo was created"):
        router.write(at(0))


def test_a_label_that_somebody_adds_is_no_conflict_and_stays(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    for name in (PLAIN, SHIELDED):
        world.server.edit(LISTS.path(name), {"metadata": {"labels": {"team": "a"}}})
    router.write(at(20))
    assert body(world, PLAIN)["metadata"]["labels"]["team"] == "a"
    assert body(world, PLAIN)["metadata"]["resourceVersion"]


def test_somebody_elses_shielded_weights_are_a_conflict_before_the_plain_list(
    world: ApiWorld,
) -> None:
    router = world.router()
    router.write(REST)
    world.server.edit(LISTS.path(SHIELDED), {"spec": {"weighted": {"services": []}}})
    with pytest.raises(ConflictError, match="podinfo-shielded were changed to nothing"):
        router.write(at(20))
    assert len(body(world, PLAIN)["spec"]["weighted"]["services"]) == 1


def test_a_record_that_somebody_edits_is_a_conflict(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    other = replace(REST, run="r9").to_json()
    patch = {"metadata": {"annotations": {"canary.rollout/record": other}}}
    world.server.edit(LISTS.path(PLAIN), patch, manager="canary-guard")
    with pytest.raises(ConflictError, match=r"the record of podinfo was changed .* canary-guard"):
        router.write(at(20))


@pytest.mark.parametrize("annotations", [{}, {"canary.rollout/owner": "somebody"}])
def test_an_object_of_that_name_that_is_not_ours_is_refused(
    world: ApiWorld, annotations: dict[str, str]
) -> None:
    metadata = {"name": PLAIN, "annotations": annotations}
    world.server.put(LISTS.collection, {"metadata": metadata, "spec": {"weighted": {}}})
    for action in (world.router().route, world.router().remove):
        with pytest.raises(ConflictError, match="exists and is not ours"):
            action()
    with pytest.raises(ConflictError, match="remove it or rename the app"):
        world.router().write(REST)
    assert body(world, PLAIN)["spec"] == {"weighted": {}}


def test_a_foreign_shielded_list_stops_the_first_write_before_any_traffic(world: ApiWorld) -> None:
    world.server.put(LISTS.collection, {"metadata": {"name": SHIELDED}, "spec": {}})
    with pytest.raises(ConflictError, match="podinfo-shielded in namespace test exists"):
        world.router().write(Record(owner="me", run="r", canary=NEW, weight_percent=100))
    assert PLAIN not in names(world)


def test_a_record_that_cannot_be_read_is_a_conflict_that_says_whose(world: ApiWorld) -> None:
    world.router().write(REST)
    patch = {"metadata": {"annotations": {"canary.rollout/record": "{nonsense"}}}
    world.server.edit(LISTS.path(PLAIN), patch)
    with pytest.raises(ConflictError, match="cannot be read; last written by kubectl-edit"):
        world.router().route()


def test_a_deleted_list_is_made_again(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    world.server.objects.delete(LISTS.path(PLAIN), {})
    router.write(at(0))
    route = world.router().route()
    assert route is not None
    assert route.weights == {OLD: 100}


def test_without_the_shield_there_is_one_list(world: ApiWorld) -> None:
    router = world.router(replace(LISTS, shield=None))
    router.write(REST)
    router.write(at(20))
    route = router.route()
    assert route is not None
    assert route.weights == route.shielded == {OLD: 80, NEW: 20}
    assert names(world) == {PLAIN}
    assert router.live(at(20)).confirmed


def test_a_shield_that_was_switched_off_leaves_a_true_list_without_failover(
    world: ApiWorld,
) -> None:
    world.router().write(REST)
    world.router().write(at(20))
    router = world.router(replace(LISTS, shield=None))
    router.write(at(40))
    route = router.route()
    assert route is not None
    assert route.shielded == {OLD: 60, NEW: 40}
    assert names(world) == {PLAIN, SHIELDED}


def test_a_shield_that_was_switched_on_shows_in_the_route(world: ApiWorld) -> None:
    world.router(replace(LISTS, shield=None)).write(REST)
    router = world.router()
    route = router.route()
    assert route is not None
    assert (route.weights, route.shielded) == ({OLD: 100}, {})
    router.write(REST)
    route = router.route()
    assert route is not None
    assert route.shielded == {OLD: 100}


def test_a_list_that_another_run_stamped_is_left_alone_though_its_weights_are_the_same(
    world: ApiWorld,
) -> None:
    """Whoever restores stamps every list, also one on which a driver that sleeps was to write."""
    router = world.router()
    router.write(REST)
    router.write(at(0))
    stamp = {"metadata": {"annotations": {"canary.rollout/run": "guard-r1"}}}
    world.server.edit(LISTS.path(SHIELDED), stamp, manager="canary-guard")
    with pytest.raises(ConflictError, match=r"taken over by run guard-r1 .* by canary-guard"):
        router.write(at(20))
    assert body(world, SHIELDED)["metadata"]["annotations"]["canary.rollout/run"] == "guard-r1"
