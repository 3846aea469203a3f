"""A few runs at once, measured as many are: what they share, and that each ends well."""

from __future__ import annotations

import pytest

from tests.many import page
from tests.many.__main__ import measured
from tests.many.plans import QUICK

APPS = 8


@pytest.fixture(scope="module")
def rows() -> list[page.Row]:
    return [measured(apps, QUICK) for apps in (1, APPS)]


def test_every_run_is_promoted_and_looks_as_often_as_it_should(rows: list[page.Row]) -> None:
    for row in rows:
        assert row["promoted"] == row["apps"]
        assert row["looks"] >= row["apps"] * 3 * QUICK.interval_s


def test_runs_at_once_ask_less_than_as_many_alone(rows: list[page.Row]) -> None:
    one, many = rows
    assert many["prometheus"] < APPS * one["prometheus"] / 2
    assert page.requests(many) < APPS * page.requests(one)


def test_connections_do_not_grow_with_the_runs(rows: list[page.Row]) -> None:
    _, many = rows
    assert many["connections"] < 3 * APPS  # two of them at most at a time, some for the lease


def test_raises_of_all_runs_fit_into_few_reloads(rows: list[page.Row]) -> None:
    _, many = rows
    assert many["reloads"] <= many["wall_s"] / 2 + 1


def test_the_page_tells_each_number_and_what_is_not_reached(rows: list[page.Row]) -> None:
    late = {**rows[1], "began_p99_s": 1.5, "peak_mb": 149.0, "cpu_s": 0.0}
    assert page.missed(late) == ["began_p99_s"]
    text = page.text([rows[0], rows[1], late])
    assert "| 8 | " in text
    assert "Not reached: punctuality." in text
    assert "{" not in text
