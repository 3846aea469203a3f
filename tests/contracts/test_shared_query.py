"""Prometheus, asked once for all runs that poll in the same moment, over real HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from canary.adapters.cluster.access import Direct
from canary.adapters.metrics.counters import PrometheusMetrics
from canary.adapters.metrics.shared_query import SharedQuery
from canary.core.seen import Kind, Side
from canary.errors import MetricsError
from tests.contracts.crowd import at_once, results
from tests.fakes.web import Received, Reply, Web, serving

APPS = tuple(f"app{number}" for number in range(6))
PRIMARY, CANARY = "aaaaaaaaaa", "bbbbbbbbbb"
BOTH = {"primary": PRIMARY, "canary": CANARY}
NOW_S = 1_700_000_000.0


def asked(received: Received) -> str:
    return parse_qs(received.body.decode())["query"][0].replace("\\", "")


def services(promql: str) -> list[str]:
    inside = promql.partition('service=~"')[2].partition('"')[0]
    return [name for name in inside.split("|") if name]


def rows(promql: str) -> list[dict[str, Any]]:
    """One counter a service, whose value is told by its app's number, and one reload counter."""
    base = {"instance": "10.0.0.1:8100", "job": "traefik"}
    found: list[dict[str, Any]] = [
        {
            "metric": {"__name__": "traefik_config_reloads_total", **base},
            "values": [[NOW_S - 1, "7"]],
        }
    ]
    for service in services(promql):
        labels = {"__name__": "traefik_service_requests_total", "service": service, **base}
        value = 100 * int(service.split("-")[1].removeprefix("app")) + (CANARY in service)
        found.append(
            {
                "metric": {**labels, "code": "200", "method": "GET", "protocol": "http"},
                "values": [[NOW_S - 1, str(value)]],
            }
        )
    return found


def reply(kind: str, result: Any, status: int = 200) -> Reply:
    data = {"resultType": kind, "result": result}
    return Reply(status=status, body=json.dumps({"status": "success", "data": data}).encode())


class Prometheus:
    """Refuses questions about more than `most` apps; `hang` keeps them waiting instead."""

    def __init__(self) -> None:
        self.most = 99
        self.hang: threading.Event | None = None
        self.spoilt: list[dict[str, Any]] = []

    def __call__(self, received: Received) -> Reply:
        promql = asked(received)
        if promql == "time()":
            return reply("scalar", [NOW_S, str(NOW_S)])
        if len(services(promql)) > 3 * self.most:
            body = b'{"status":"error","error":"query processing would load too many samples"}'
            return Reply(status=422, body=body, hold=self.hang)
        return reply("matrix", [*rows(promql), *self.spoilt])


@pytest.fixture
def prometheus() -> Prometheus:
    return Prometheus()


@pytest.fixture
def web(prometheus: Prometheus) -> Iterator[Web]:
    with serving(prometheus) as web:
        yield web


def metrics(web: Web, runs: int = len(APPS)) -> list[PrometheusMetrics]:
    endpoint = Direct("Prometheus", web.url, raises=MetricsError)
    source = SharedQuery(endpoint, lambda: runs, open_s=0.3)
    return [PrometheusMetrics(source, "test", app, 80) for app in APPS]


def counted(port: PrometheusMetrics) -> dict[Side, float]:
    """The requests that one run sees, by side; and that Traefik's own series came along."""
    found = port.samples(BOTH, 30.0)
    assert [one.points[-1][1] for one in found if one.kind is Kind.RELOADS] == [7.0]
    return {one.side: one.points[-1][1] for one in found if one.kind is Kind.REQUESTS}


def expected(number: int) -> dict[Side, float]:
    primary = 100.0 * number
    return {Side.PRIMARY: primary, Side.CANARY: primary + 1, Side.FALLBACK: primary}


EACH_ITS_OWN = [expected(number) for number in range(len(APPS))]


def test_runs_that_poll_together_ask_once_and_each_gets_its_own(web: Web) -> None:
    assert results(at_once(counted, metrics(web))) == EACH_ITS_OWN
    (question,) = web.received
    assert len(services(asked(question))) == 3 * len(APPS)


def test_the_clock_is_asked_for_once_too(web: Web) -> None:
    assert results(at_once(PrometheusMetrics.now_s, metrics(web))) == [NOW_S] * len(APPS)
    assert len(web.received) == 1


def test_a_run_that_is_alone_waits_for_nobody(web: Web) -> None:
    port, began_s = metrics(web, runs=1)[3], time.monotonic()
    assert counted(port) == expected(3)
    assert port.now_s() == NOW_S
    assert time.monotonic() - began_s < 0.3


def test_a_question_that_is_too_large_costs_no_run_its_answer(
    web: Web, prometheus: Prometheus
) -> None:
    prometheus.most = 2
    ports = metrics(web)
    assert results(at_once(counted, ports)) == EACH_ITS_OWN
    assert len(web.received) == 1 + len(APPS)
    for _ in range(3):  # and soon as many share one as it takes
        assert results(at_once(counted, ports)) == EACH_ITS_OWN
    web.received.clear()
    assert results(at_once(counted, ports)) == EACH_ITS_OWN
    assert len(web.received) < len(APPS)


def test_a_question_that_hangs_costs_no_run_its_answer_nor_more_time_than_one(
    web: Web, prometheus: Prometheus
) -> None:
    prometheus.most, prometheus.hang = 2, threading.Event()
    began_s = time.monotonic()
    assert results(at_once(counted, metrics(web))) == EACH_ITS_OWN
    assert time.monotonic() - began_s < 5.0
    prometheus.hang.set()


def test_what_is_wrong_with_one_runs_samples_is_that_runs_alone(
    web: Web, prometheus: Prometheus
) -> None:
    labels = {"__name__": "traefik_service_requests_total", "instance": "10.0.0.2:8100"}
    service = f"test-{APPS[2]}-{CANARY}-80@kubernetescrd"
    prometheus.spoilt = [{"metric": {**labels, "service": service}, "values": [[NOW_S, "x"]]}]
    done = at_once(counted, metrics(web))
    for number, one in enumerate(done):
        if number == 2:
            assert "no sample" in str(one.exception())
        else:
            assert one.result() == expected(number)
    assert len(web.received) == 1


def test_a_row_that_is_nobodys_is_not_dealt_out_but_complained_of(
    web: Web, prometheus: Prometheus
) -> None:
    prometheus.spoilt = [
        {
            "metric": {
                "__name__": "traefik_service_requests_total",
                "instance": "10.0.0.2:8100",
                "service": "else-where-80@kubernetescrd",
                "code": "200",
                "method": "GET",
            },
            "values": [[NOW_S, "1"]],
        }
    ]
    for one in at_once(counted, metrics(web)):
        assert "foreign series" in str(one.exception())
