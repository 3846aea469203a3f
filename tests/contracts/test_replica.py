"""A replica of Traefik is believed only when lists, failover and servers all agree."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from canary.adapters.routes.replica import Replica
from tests.contracts.routing import LISTS, NEW, OLD, at

PROVIDER = "@kubernetescrd"


def label(name: str) -> str:
    return f"test-podinfo-{name}-80"


def weighted(name: str, members: dict[str, int]) -> dict[str, Any]:
    services = [{"name": member, "weight": weight} for member, weight in members.items()]
    return {
        "name": f"test-{name}{PROVIDER}",
        "usedBy": [f"test-route{PROVIDER}"],
        "weighted": {"services": services},
    }


def balancer(name: str, status: str = "UP") -> dict[str, Any]:
    url = "http://10.0.0.1:9898"
    return {
        "name": label(name) + PROVIDER,
        "loadBalancer": {"servers": [{"url": url}]},
        "serverStatus": {url: status},
    }


# As Traefik 3.7.13 answered on the bed at 20 %.
SERVICES: dict[str, dict[str, Any]] = {
    "plain": weighted("podinfo", {label(OLD): 80, label(NEW): 20}),
    "shielded": weighted("podinfo-shielded", {label(OLD): 80, "test-podinfo-failover": 20}),
    "failover": {
        "name": f"test-podinfo-failover{PROVIDER}",
        "failover": {"service": label(NEW), "fallback": label(f"{OLD}-fallback")},
    },
    "old": balancer(OLD),
    "new": balancer(NEW),
    "fallback": balancer(f"{OLD}-fallback"),
}


def replica(**changed: dict[str, Any] | None) -> Replica:
    """A replica at 20 %, but for what `changed`; None leaves a service out."""
    services = {**copy.deepcopy(SERVICES), **changed}
    return Replica(name="it", lists=LISTS, services=tuple(s for s in services.values() if s))


def test_when_all_agrees_nothing_is_missing() -> None:
    assert replica().missing(at(20)) == ""
    assert replica().versions == {OLD, NEW}


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"plain": weighted("podinfo", {label(OLD): 100})}, "it still routes podinfo 100"),
        (
            {"shielded": weighted("podinfo-shielded", {label(OLD): 100})},
            "it still routes podinfo-shielded 100",
        ),
        (
            {"shielded": weighted("podinfo-shielded", {label(OLD): 80, label(NEW): 20})},
            "it still routes podinfo-shielded 80/20",
        ),
        ({"shielded": None}, "it does not know podinfo-shielded yet"),
        ({"failover": None}, "it does not know podinfo-failover yet"),
        (
            {
                "failover": {
                    "name": f"test-podinfo-failover{PROVIDER}",
                    "failover": {"service": label(NEW), "fallback": label(f"{NEW}-fallback")},
                }
            },
            "it has another podinfo-failover",
        ),
        ({"new": balancer(NEW, "DOWN")}, f"it has no server up for {label(NEW)}"),
        ({"new": None}, f"it does not know service {label(NEW)}"),
    ],
)
def test_each_disagreement_is_named(changed: dict[str, Any], missing: str) -> None:
    assert replica(**changed).missing(at(20)) == missing


def test_a_failover_that_is_left_over_still_names_its_versions() -> None:
    plain = weighted("podinfo", {label(OLD): 100})
    shielded = weighted("podinfo-shielded", {label(OLD): 100})
    left = replica(plain=plain, shielded=shielded)
    assert left.missing(at(0)) == ""
    assert left.versions == {OLD, NEW}


def test_services_of_other_apps_are_not_versions() -> None:
    other = {"name": f"test-podinfo-two-{OLD}-80{PROVIDER}"}
    metrics = {"name": f"test-podinfo-metrics-80{PROVIDER}"}
    assert Replica(name="it", lists=LISTS, services=(other, metrics)).versions == frozenset()
