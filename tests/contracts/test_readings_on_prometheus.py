"""The Readings adapter against a real Prometheus: which of its answers end a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canary.adapters.clock import SystemClock
from canary.adapters.metrics.readings import PrometheusReadings
from canary.core.custom import Reading
from tests.contracts.scraping import CANARY, PRIMARY, Replica, scraping
from tests.e2e.waiting import await_
from tests.fakes.web import serving

pytestmark = pytest.mark.bed

REQUESTS = "traefik_service_requests_total"


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusReadings]:
    replica = Replica(stamped=True)  # a machine that stalls for 250 ms misses a scrape
    replica.answer(PRIMARY, 100)
    replica.answer(CANARY, 5)
    with (
        serving(replica.expose) as web,
        scraping(tmp_path_factory.mktemp("prometheus"), [web.url], interval="250ms") as prometheus,
    ):
        replica.await_scrape()
        yield PrometheusReadings(prometheus.endpoint, SystemClock())


def answered(readings: PrometheusReadings, query: str) -> Reading:
    readings.ask(query, query)
    found = await_(lambda: readings.answer(query), query, 60)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("query", "value"),
    [
        (f"sum({REQUESTS})", 105.0),
        (f'{REQUESTS}{{service=~".*{CANARY}.*"}}', 5.0),
        (f"count({REQUESTS} > bool 50)", 2.0),
        ("42", 42.0),
    ],
)
def test_one_number_is_a_value(readings: PrometheusReadings, query: str, value: float) -> None:
    assert answered(readings, query) == Reading(value=value)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            "sum(rate(orders_total[1m])",
            'invalid parameter "query": 1:27: parse error: unclosed left parenthesis',
        ),
        ("rate(up)", "expected type range vector in call to function"),
        (REQUESTS, "the query answered 2 series where one is needed"),
        (f"{REQUESTS}[1m]", "answered a matrix, not a vector or scalar"),
        ('label_replace(up, "a", "$1", "b", "(")', "invalid regular expression in label_replace()"),
        ('count_values("0", up)', 'invalid label name "0"'),
        ('"text"', "answered a string, not a vector or scalar"),
    ],
)
def test_a_query_that_can_never_come_to_one_number_is_marked(
    readings: PrometheusReadings, query: str, says: str
) -> None:
    found = answered(readings, query)
    assert found.miswritten
    assert says in found.trouble


@pytest.mark.parametrize(
    "query",
    [
        "sum(orders_total)",  # nobody has counted any
        "0 / 0",
        f"{REQUESTS} * on() {REQUESTS}",  # what may be otherwise with other data
    ],
)
def test_what_may_be_answered_later_is_not(readings: PrometheusReadings, query: str) -> None:
    found = answered(readings, query)
    assert found.value is None
    assert not found.miswritten
    assert found.trouble
