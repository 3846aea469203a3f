"""The Metrics adapter against a real Prometheus that scrapes what Traefik would expose."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from canary.adapters.metrics.counters import PrometheusMetrics
from canary.core.samples import Ledger
from canary.core.seen import Kind, Series, Side
from canary.errors import QueryError
from tests.contracts.scraping import BOTH, CANARY, PRIMARY, scraping
from tests.e2e.waiting import await_
from tests.fakes.web import Received, Reply, Web, serving

pytestmark = pytest.mark.bed

EDGES = ("0.1", "0.5", "+Inf")
LATE = 2  # scrapes before the first of the canary's series
SERVICES = (
    f"test-podinfo-{PRIMARY}-80",
    f"test-podinfo-{PRIMARY}-fallback-80",
    f"test-podinfo-{CANARY}-80",
    f"test-podinfo-{CANARY}-fallback-80",  # nobody asks for these two
    "test-other-cccccccccc-80",
)


class Traefik:
    """Every service gets one more request at each scrape; the canary's series come late."""

    def __init__(self) -> None:
        self.scrapes = 0

    def expose(self, _received: Received) -> Reply:
        self.scrapes += 1
        lines = [f"traefik_config_reloads_total {self.scrapes}"]
        for service in SERVICES:
            if CANARY not in service or self.scrapes > LATE:
                lines.extend(self._lines(f'service="{service}@kubernetescrd"'))
        text = "\n".join([*lines, ""])
        return Reply(body=text.encode(), headers={"Content-Type": "text/plain; version=0.0.4"})

    def _lines(self, service: str) -> list[str]:
        labels = f'{service},code="200",method="GET",protocol="http"'
        duration = "traefik_service_request_duration_seconds"
        buckets = [
            f'{duration}_bucket{{{labels},le="{edge}"}} {self.scrapes - (edge == EDGES[0])}'
            for edge in EDGES
        ]
        return [
            f"traefik_service_requests_total{{{labels}}} {self.scrapes}",
            *buckets,
            f"{duration}_sum{{{labels}}} 1.5",
            f"{duration}_count{{{labels}}} {self.scrapes}",
        ]


@pytest.fixture(scope="module")
def traefik() -> Iterator[Web]:
    with serving(Traefik().expose) as web:
        yield web


@pytest.fixture(scope="module")
def metrics(traefik: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusMetrics]:
    with scraping(tmp_path_factory.mktemp("prometheus"), [traefik.url]) as prometheus:
        metrics = prometheus.metrics
        await_(lambda: any(len(s.points) >= 5 for s in metrics.samples(BOTH, 60)), "scrapes", 60)
        yield metrics


def of(series: list[Series], kind: Kind, side: Side) -> list[Series]:
    return [one for one in series if one.kind is kind and one.side is side]


def test_its_clock_is_this_machines(metrics: PrometheusMetrics) -> None:
    before = time.time()
    assert before - 0.1 < metrics.now_s() < time.time() + 0.1


def test_exactly_what_was_asked_for_is_answered(metrics: PrometheusMetrics) -> None:
    series = list(metrics.samples(BOTH, 60))
    for side in Side:
        (requests,) = of(series, Kind.REQUESTS, side)
        assert (requests.code, requests.method) == ("200", "GET")
        edges = {one.le_s for one in of(series, Kind.BUCKET, side)}
        assert edges == {0.1, 0.5, math.inf}
    (reloads,) = of(series, Kind.RELOADS, Side.PRIMARY)
    assert {one.target for one in series} == {reloads.target}
    assert len(series) == 3 * (1 + len(EDGES)) + 1


def test_values_arrive_as_they_were_exposed(metrics: PrometheusMetrics) -> None:
    series = list(metrics.samples(BOTH, 60))
    (primary,) = of(series, Kind.REQUESTS, Side.PRIMARY)
    (canary,) = of(series, Kind.REQUESTS, Side.CANARY)
    # Each value is the number of its scrape; where the machine stalls, Prometheus misses one.
    assert all(earlier[1] < later[1] for earlier, later in pairwise(primary.points))
    assert all(value in range(1, 1000) for _, value in primary.points)
    assert canary.points == tuple(point for point in primary.points if point[1] > LATE)


def test_the_window_is_a_window(metrics: PrometheusMetrics) -> None:
    before_s = metrics.now_s()
    (many,) = of(list(metrics.samples(BOTH, 60)), Kind.REQUESTS, Side.PRIMARY)
    (few,) = await_(
        lambda: of(list(metrics.samples(BOTH, 2.5)), Kind.REQUESTS, Side.PRIMARY), "a scrape", 60
    )
    after_s = metrics.now_s()
    recent = [point for point in many.points if point[0] >= after_s - 2.5]
    older = [point for point in many.points if point[0] < before_s - 2.5]
    assert set(recent) <= set(few.points)
    assert older
    assert not set(older) & set(few.points)


def test_a_newborn_canary_counts_from_zero(metrics: PrometheusMetrics) -> None:
    _, poll = Ledger().advance(metrics.samples(BOTH, 60))
    first = min(
        (one for one in poll.increments if one.side is Side.CANARY and one.kind is Kind.REQUESTS),
        key=lambda one: one.end_s,
    )
    (canary,) = of(list(metrics.samples(BOTH, 60)), Kind.REQUESTS, Side.CANARY)
    assert first.amount == canary.points[0][1] > LATE


def test_one_version_alone(metrics: PrometheusMetrics) -> None:
    sides = {one.side for one in metrics.samples({"primary": PRIMARY}, 60)}
    assert sides == {Side.PRIMARY, Side.FALLBACK}
    assert {one.kind for one in metrics.samples({}, 60)} == {Kind.RELOADS}


@pytest.mark.parametrize("odd", ['a"b', "a\\b", "a.*b", "a|b", "ä{b}", "a\nb"])
def test_odd_names_are_taken_literally(metrics: PrometheusMetrics, odd: str) -> None:
    assert {one.kind for one in metrics.samples({"canary": odd}, 60)} == {Kind.RELOADS}


def test_a_question_it_refuses_is_an_error_that_lasts(metrics: PrometheusMetrics) -> None:
    with pytest.raises(QueryError, match="refuses the query: ") as refused:
        metrics.samples(BOTH, 1e15)
    assert not refused.value.retryable
