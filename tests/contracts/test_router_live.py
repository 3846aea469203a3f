"""When the Router adapter believes Traefik's replicas: only when everything agrees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canary.errors import TraefikError
from tests.contracts.routing import LISTS, NEW, OLD, REST, ApiWorld, api_world, at

PLAIN, SHIELDED, FAILOVER = LISTS.plain, LISTS.shielded, LISTS.failover


@pytest.fixture
def world() -> Iterator[ApiWorld]:
    with api_world() as world:
        yield world


def test_one_stale_replica_is_enough_to_wait(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    assert router.live(REST).confirmed
    world.replicas[1].frozen = True
    router.write(at(20))
    live = router.live(at(20))
    assert not live.confirmed
    assert live.text == "Traefik (pod traefik/traefik-b) still routes podinfo 100"
    assert live.versions == {OLD, NEW}


def test_a_member_without_servers_is_not_live(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    world.replicas[0].up.discard(f"podinfo-{NEW}")
    live = router.live(at(20))
    assert not live.confirmed
    assert live.text.endswith(f"has no server up for test-podinfo-{NEW}-80")


def test_before_any_route_uses_the_lists_known_servers_are_enough(world: ApiWorld) -> None:
    for replica in world.replicas:
        replica.routed = False
    router = world.router()
    router.write(REST)
    assert router.live(REST).confirmed
    world.replicas[0].up.clear()
    assert not router.live(REST).confirmed


def test_lists_that_traefik_does_not_know_are_named(world: ApiWorld) -> None:
    live = world.router().live(REST)
    assert not live.confirmed
    assert "does not know podinfo yet" in live.text
    assert live.versions == frozenset()


def test_without_a_ready_replica_nothing_is_confirmed(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    for name in ("traefik-a", "traefik-b"):
        world.server.objects.delete(f"/api/v1/namespaces/traefik/pods/{name}", {})
    assert router.live(REST).text == "no pod of Traefik is ready"


def test_a_replica_without_an_api_says_how_to_get_one(world: ApiWorld) -> None:
    world.replicas[0].status = 404
    with pytest.raises(TraefikError, match="start it with --api") as caught:
        world.router().live(REST)
    assert not caught.value.retryable


def test_a_silent_replica_is_an_error_since_it_may_still_route(world: ApiWorld) -> None:
    del world.server.backends["/api/v1/namespaces/traefik/pods/http:traefik-a:8080"]
    with pytest.raises(TraefikError, match="has no ready pod") as caught:
        world.router().live(REST)
    assert caught.value.retryable
