"""What every Router promises; the fake and the adapter must agree."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canary.core.record import Record
from canary.errors import ConflictError, PortError
from tests.contracts.routing import NEW, OLD, REST, FakeWorld, World, api_world, at, live_soon


@pytest.fixture(params=["fake", "api"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    with api_world() as world:
        yield world


def test_there_is_no_route_before_the_first_write(world: World) -> None:
    assert world.router().route() is None


def test_a_written_record_is_read_back_with_its_weights(world: World) -> None:
    world.router().write(REST)
    route = world.router().route()
    assert route is not None
    assert route.record == REST
    assert route.weights == {OLD: 100}
    assert route.shielded == {OLD: 100}


@pytest.mark.parametrize("weights", [(5, 20, 60, 100), (100, 20, 0), (0, 50, 0)])
def test_both_lists_follow_every_weight(world: World, weights: tuple[int, ...]) -> None:
    router = world.router()
    router.write(REST)
    for weight in weights:
        router.write(at(weight))
        route = router.route()
        assert route is not None
        assert route.weights == route.shielded == dict(at(weight).members)
        assert live_soon(router, at(weight)).confirmed


def test_promotion_leaves_only_the_new_version(world: World) -> None:
    router = world.router()
    for record in (REST, at(100)):
        router.write(record)
    promoted = Record(owner="me", run="r1", primary=NEW)
    router.write(promoted)
    route = world.router().route()
    assert route is not None
    assert (route.weights, route.shielded) == ({NEW: 100}, {NEW: 100})
    assert live_soon(router, promoted).versions == {NEW}


def test_writing_the_same_record_twice_is_fine(world: World) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    router.write(at(20))
    route = router.route()
    assert route is not None
    assert route.record == at(20)


def test_somebody_elses_weights_are_not_overwritten_unseen(world: World) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    world.edit({OLD: 50, NEW: 50})
    for _ in range(2):  # not the second time either: nobody has looked meanwhile
        with pytest.raises(ConflictError, match=r"changed to 50/50.*by kubectl-edit") as caught:
            router.write(at(40))
        assert not caught.value.retryable
    route = router.route()
    assert route is not None
    assert route.weights == {OLD: 50, NEW: 50}
    assert route.changed_by == "kubectl-edit"
    router.write(at(0))
    after = router.route()
    assert after is not None
    assert after.weights == after.shielded == {OLD: 100}


def test_of_two_drivers_the_one_that_looked_first_loses(world: World) -> None:
    first, second = world.router(), world.router()
    first.write(REST)
    first.route()
    second.route()
    second.write(at(5))
    with pytest.raises(ConflictError):
        first.write(at(50))
    route = second.route()
    assert route is not None
    assert route.weights == {OLD: 95, NEW: 5}


def test_a_lost_answer_heals_when_the_write_is_repeated(world: World) -> None:
    router = world.router()
    router.write(REST)
    world.lose_an_answer()
    with pytest.raises(PortError) as caught:
        router.write(at(20))
    assert caught.value.retryable
    router.write(at(20))
    route = router.route()
    assert route is not None
    assert route.weights == route.shielded == {OLD: 80, NEW: 20}


def test_what_traefik_does_not_yet_route_is_not_confirmed(world: World) -> None:
    router = world.router()
    router.write(REST)
    assert live_soon(router, REST).confirmed
    world.freeze()
    router.write(at(20))
    live = router.live(at(20))
    assert not live.confirmed
    assert live.text
    assert live.versions == {OLD}


def test_after_remove_there_is_no_route(world: World) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    router.remove()
    assert router.route() is None
    router.remove()
    router.write(REST)
    route = world.router().route()
    assert route is not None
    assert route.record == REST
