"""What a preview says of queries, on a real Prometheus that has nothing of the next version yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from canary.adapters.clock import SystemClock
from canary.adapters.cluster.access import Endpoint
from canary.custom import questions
from canary.preflight.findings import Findings
from canary.preflight.holders import Patience
from canary.preflight.queries import query_findings
from tests.config.readers import StoredCluster, serving
from tests.config.samples import loaded
from tests.contracts.scraping import CANARY, PRIMARY, Replica, scraping
from tests.fakes import web

pytestmark = pytest.mark.bed

NEXT = "cccccccccc"
AT = "canary:apps.podinfo.analysis.metrics[0].query"
REQUESTS = "traefik_service_requests_total"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    replica = Replica(stamped=True)  # a machine that stalls for 250 ms misses a scrape
    replica.answer(PRIMARY, 100)
    replica.answer(CANARY, 5)
    directory = tmp_path_factory.mktemp("prometheus")
    with (
        web.serving(replica.expose) as traefik,
        scraping(directory, [traefik.url], interval="250ms") as scraper,
    ):
        replica.await_scrape()
        yield scraper.endpoint


def looked(prometheus: Endpoint, query: str) -> Findings:
    metric: dict[str, Any] = {"name": "m", "query": query, "thresholdRange": {"min": 1}}
    config = loaded({"analysis": {"metrics": [metric]}})
    asked = tuple(questions(config, {"podinfo": NEXT}))
    clock = SystemClock()
    patience = Patience(clock=clock, until_s=clock.now_s() + 60)
    return query_findings(asked, StoredCluster(objects=serving()), prometheus, patience)


@pytest.mark.parametrize(
    "query",
    [
        f"sum({REQUESTS})",
        f'{REQUESTS}{{service=~"{{{{ namespace }}}}-{{{{ target }}}}-.*"}}',
        "rate(orders_total[{{ interval }}])",
        "0 / 0",
    ],
)
def test_what_may_be_answered_is_no_finding(prometheus: Endpoint, query: str) -> None:
    assert looked(prometheus, query) == Findings()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("sum(rate(orders_total[1m])", "1:27: parse error: unclosed left parenthesis"),
        ("rate(orders_total[{{ name }}])", "1:19: parse error: bad duration syntax"),
        (f"{REQUESTS}[1m]", "answered a matrix, not a vector or scalar"),
        (REQUESTS, "the query answered 2 series where one is needed"),
    ],
)
def test_what_no_run_could_use_is_told_with_its_place(
    prometheus: Endpoint, query: str, says: str
) -> None:
    found = looked(prometheus, query)
    (text,) = found.miswritten
    assert text.startswith(f"{AT}: ")
    assert says in text
    assert found.warnings == found.problems == ()
