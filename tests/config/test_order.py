"""Apps that come after others: only after such as exist, and never in a circle."""

from __future__ import annotations

import pytest

from canary.config import in_order, load
from tests.config.samples import APP, FOREIGN_PROMETHEUS, Raw, problems

KEYS = ("shop", "users", "web")


def ordered(**after: list[str]) -> Raw:
    apps = {key: {**APP, "host": f"{key}.example.com", "after": after.get(key, [])} for key in KEYS}
    return {"prometheus": FOREIGN_PROMETHEUS, "apps": apps}


def test_each_app_comes_behind_all_that_it_waits_for() -> None:
    order = in_order(load(ordered(shop=["users"], users=["web"])))
    assert order == ("web", "users", "shop")


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        ({"shop": ["user"]}, "shop.after[0]: there is no app user; did you mean users?"),
        ({"shop": ["web", "gone"]}, "shop.after[1]: there is no app gone"),
        ({"web": ["web"]}, "web.after: these apps wait for each other: web after web"),
        (
            {"shop": ["users"], "users": ["web"], "web": ["shop"]},
            "shop.after: these apps wait for each other: shop after users after web after shop",
        ),
    ],
)
def test_an_order_that_cannot_be_kept_is_one_line(
    after: dict[str, list[str]], problem: str
) -> None:
    (found,) = problems(ordered(**after))
    assert found == f"canary:apps.{problem}"
