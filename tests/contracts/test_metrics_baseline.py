"""Counts beside a baseline: its requests in the primary's place, whose replays still count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from canary.core.record import BASELINE
from canary.core.seen import Kind, Side
from canary.ports import Metrics
from tests.contracts.test_metrics import BOTH, CANARY, PRIMARY, TRAFFIC, adapter, answer
from tests.fakes.clock import FakeClock
from tests.fakes.metrics import FakeMetrics
from tests.fakes.traffic import Behaviour
from tests.fakes.web import serving

ALL = {**BOTH, "baseline": BASELINE}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["fake", "real"])
def metrics(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Metrics]:
    behaviours = {
        PRIMARY: Behaviour(),
        CANARY: Behaviour(errors=0.3),
        BASELINE: Behaviour(not_found=0.5),
    }
    shares = {PRIMARY: 60, CANARY: 20, BASELINE: 20}
    world = FakeMetrics(clock, lambda _: shares, behaviours, traffic=TRAFFIC)
    if request.param == "fake":
        yield world
        return
    with serving(lambda received: answer(world, received, ALL)) as web:
        yield adapter(web)


def requests(metrics: Metrics, versions: Mapping[str, str]) -> dict[Side, set[str]]:
    """The codes that were seen, by whose requests they were counted as."""
    found: dict[Side, set[str]] = {}
    for one in metrics.samples(versions, 50.0):
        if one.kind is Kind.REQUESTS:
            found.setdefault(one.side, set()).add(one.code)
    return found


def test_the_baseline_takes_the_primarys_place(clock: FakeClock, metrics: Metrics) -> None:
    clock.advance(60.0)
    assert requests(metrics, ALL) == {
        Side.PRIMARY: {"200", "404"},
        Side.CANARY: {"200", "500"},
        Side.FALLBACK: {"200"},
    }


def test_without_it_the_primary_is_counted(clock: FakeClock, metrics: Metrics) -> None:
    clock.advance(60.0)
    assert requests(metrics, BOTH)[Side.PRIMARY] == {"200"}
