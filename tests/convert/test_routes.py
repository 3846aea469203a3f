"""What becomes of the route that leads to the peer's TraefikService."""

from __future__ import annotations

import pytest

from tests.convert.samples import canary, convert, deployment, route, why


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("podinfo", "name IngressRoute/podinfo in adopt, and this one becomes it"),
        ("shop-front", "remove this one then"),
    ],
)
def test_a_route_is_taken_over_by_its_name_or_removed(name: str, then: str) -> None:
    there = route()
    there["metadata"]["name"] = name
    result = convert(canary(), deployment(), there)
    text = why(result, f"IngressRoute test/{name}: spec.routes[0]")
    assert text.endswith(f"the app has a route of its own; {then}")
