"""The cookie on the lists: there while two versions have traffic, and at no other time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from canary.adapters.routes.affinity import Affinity
from canary.adapters.routes.lists import Lists
from tests.contracts.routing import LISTS, REST, ApiWorld, api_world, at, live_soon

STAY = Affinity(name="stay", max_age_s=60)
WHOLE = Affinity(
    name="stay",
    max_age_s=60,
    path="/shop",
    domain="example.com",
    same_site="none",
    secure=True,
    http_only=True,
)


@pytest.fixture
def world() -> Iterator[ApiWorld]:
    with api_world() as made:
        yield made


def sticky(world: ApiWorld, name: str = "podinfo") -> Any:
    found: Any = world.server.objects.read(LISTS.path(name))
    return found["spec"]["weighted"].get("sticky")


def with_cookie(affinity: Affinity = STAY, lists: Lists = LISTS) -> Lists:
    return replace(lists, shield=None, affinity=affinity)


def test_clients_get_a_cookie_while_two_versions_have_traffic(world: ApiWorld) -> None:
    router = world.router(with_cookie())
    router.write(REST)
    assert sticky(world) is None
    for weight in (20, 50):
        router.write(at(weight))
        assert sticky(world) == {"cookie": {"name": "stay", "maxAge": 60, "path": "/"}}
        assert live_soon(router, at(weight)).confirmed
    for weight in (100, 0):
        router.write(at(weight))
        assert sticky(world) is None
    found = world.server.objects.items(LISTS.collection, "", "")
    assert [body["metadata"]["name"] for body in found] == ["podinfo"]


def test_the_cookie_is_the_users(world: ApiWorld) -> None:
    router = world.router(with_cookie(WHOLE))
    router.write(REST)
    router.write(at(20))
    assert sticky(world)["cookie"] == {
        "name": "stay",
        "maxAge": 60,
        "path": "/shop",
        "domain": "example.com",
        "sameSite": "none",
        "secure": True,
        "httpOnly": True,
    }


def test_a_shielded_list_has_the_cookie_too(world: ApiWorld) -> None:
    router = world.router(replace(LISTS, affinity=STAY))
    router.write(REST)
    router.write(at(20))
    assert sticky(world, "podinfo-shielded")["cookie"]["name"] == "stay"
    router.write(at(0))
    assert sticky(world, "podinfo-shielded") is None


def test_a_cookie_of_somebody_elses_stays(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    theirs = {"cookie": {"name": "theirs"}}
    world.server.edit(LISTS.path("podinfo"), {"spec": {"weighted": {"sticky": theirs}}})
    router.route()
    router.write(at(20))
    assert sticky(world) == theirs
