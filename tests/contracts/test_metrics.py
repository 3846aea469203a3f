"""The Metrics port: one suite for the fake and for the adapter, which is served the fake's data."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.adapters.cluster.access import Direct
from canary.adapters.metrics.counters import Alone, PrometheusMetrics, query
from canary.core.samples import Ledger
from canary.core.seen import Kind, Series, Side
from canary.errors import MetricsError
from canary.ports import Metrics
from tests.fakes.clock import FakeClock
from tests.fakes.metrics import FakeMetrics
from tests.fakes.traffic import Behaviour, Traffic
from tests.fakes.web import Received, Reply, Web, serving

PRIMARY, CANARY = "aaaaaaaaaa", "bbbbbbbbbb"
BOTH = {"primary": PRIMARY, "canary": CANARY}
TRAFFIC = Traffic(shielded=True, targets=("10.0.0.1:8100", "10.0.0.2:8100"), outages=((200, 300),))
NAMES = {
    Kind.REQUESTS: "traefik_service_requests_total",
    Kind.BUCKET: "traefik_service_request_duration_seconds_bucket",
    Kind.RELOADS: "traefik_config_reloads_total",
}


def weights(at_s: float) -> dict[str, int]:
    return {PRIMARY: 90, CANARY: 10} if at_s >= 20 else {PRIMARY: 100}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(clock: FakeClock) -> FakeMetrics:
    behaviours = {PRIMARY: Behaviour(), CANARY: Behaviour(errors=0.3)}
    return FakeMetrics(clock, weights, behaviours, traffic=TRAFFIC)


@pytest.fixture(params=["fake", "real"])
def metrics(request: pytest.FixtureRequest, world: FakeMetrics) -> Iterator[Metrics]:
    if request.param == "fake":
        yield world
        return
    with serving(lambda received: answer(world, received)) as web:
        yield adapter(web)


def adapter(web: Web) -> PrometheusMetrics:
    endpoint = Direct("Prometheus", web.url, raises=MetricsError, timeout_s=2.0)
    return PrometheusMetrics(Alone(endpoint), "test", "podinfo", 80)


def answer(world: FakeMetrics, received: Received, known: Mapping[str, str] = BOTH) -> Reply:
    """What Prometheus answers when the world is as the fake has it."""
    asked = parse_qs(received.body.decode())["query"][0]
    try:
        if asked == "time()":
            return reply("scalar", [world.now_s(), str(world.now_s())])
        versions = {side: v for side, v in known.items() if f"-{v}-" in asked}
        window_s = int(asked.rpartition("[")[2].removesuffix("ms]")) / 1000
        beside = versions.get("baseline", PRIMARY)
        return reply("matrix", [row(one, beside) for one in world.samples(versions, window_s)])
    except MetricsError:
        return Reply(status=503, body=b'{"status":"error","errorType":"unavailable","error":"no"}')


def reply(kind: str, result: Any, **more: Any) -> Reply:
    data = {"resultType": kind, "result": result}
    return Reply(body=json.dumps({"status": "success", "data": data, **more}).encode())


def row(series: Series, beside: str = PRIMARY) -> dict[str, Any]:
    metric = {"__name__": NAMES[series.kind], "instance": series.target, "job": "traefik"}
    if series.kind is not Kind.RELOADS:
        version = {Side.CANARY: CANARY, Side.PRIMARY: beside}.get(
            series.side, f"{PRIMARY}-fallback"
        )
        service = f"test-podinfo-{version}-80@kubernetescrd"
        metric |= {"service": service, "code": series.code, "method": series.method}
        metric |= {"protocol": "http"}
    if series.kind is Kind.BUCKET:
        metric["le"] = "+Inf" if series.le_s == math.inf else repr(series.le_s)
    return {"metric": metric, "values": [[at_s, str(value)] for at_s, value in series.points]}


def test_the_clock_is_ahead_of_every_sample(metrics: Metrics, clock: FakeClock) -> None:
    clock.wait(60)
    newest_s = max(one.points[-1][0] for one in metrics.samples(BOTH, 30))
    assert 0 <= metrics.now_s() - newest_s <= TRAFFIC.scrape_s


def test_samples_are_rising_and_within_the_window(metrics: Metrics, clock: FakeClock) -> None:
    clock.wait(60)
    for one in metrics.samples(BOTH, 30):
        times = [at_s for at_s, _ in one.points]
        assert times == sorted(set(times))
        assert times[0] >= metrics.now_s() - 30


def test_both_versions_and_the_replays_are_told_apart(metrics: Metrics, clock: FakeClock) -> None:
    clock.wait(60)
    series = metrics.samples(BOTH, 30)
    requests = [one for one in series if one.kind is Kind.REQUESTS]
    assert {one.side for one in requests} == set(Side)
    assert {one.code for one in requests if one.side is Side.CANARY} == {"200", "500"}
    assert {one.code for one in requests if one.side is Side.PRIMARY} == {"200"}
    assert {one.target for one in requests} == set(TRAFFIC.targets)
    edges = {one.le_s for one in series if one.kind is Kind.BUCKET}
    assert edges == set(TRAFFIC.edges_s)
    reloads = [one for one in series if one.kind is Kind.RELOADS]
    assert [one.points[-1][1] for one in reloads] == [2.0, 2.0]


@pytest.mark.parametrize("versions", [{"primary": PRIMARY, "canary": ""}, {"primary": PRIMARY}])
def test_without_a_canary_there_are_no_series_of_it(
    metrics: Metrics, clock: FakeClock, versions: dict[str, str]
) -> None:
    clock.wait(60)
    assert Side.CANARY not in {one.side for one in metrics.samples(versions, 30)}


def test_the_split_is_exact(metrics: Metrics, clock: FakeClock) -> None:
    ledger = Ledger()
    clock.wait(20)
    ledger, _ = ledger.advance(metrics.samples(BOTH, 30))
    sent = dict.fromkeys(Side, 0)
    for _ in range(20):
        clock.wait(5)
        ledger, poll = ledger.advance(metrics.samples(BOTH, 30))
        for increment in poll.increments:
            if increment.kind is Kind.REQUESTS:
                sent[increment.side] += int(increment.amount)
    total = sent[Side.CANARY] + sent[Side.PRIMARY]
    assert total == pytest.approx(2 * 20 * 100, rel=0.06)
    assert sent[Side.CANARY] / total == pytest.approx(0.1, abs=0.005)
    assert sent[Side.FALLBACK] / sent[Side.CANARY] == pytest.approx(0.3, abs=0.08)


def test_an_absent_prometheus_is_worth_another_try(metrics: Metrics, clock: FakeClock) -> None:
    clock.wait(250)
    for ask in (metrics.now_s, lambda: metrics.samples(BOTH, 30)):
        with pytest.raises(MetricsError) as refused:
            ask()
        assert refused.value.retryable
    clock.wait(100)
    assert metrics.now_s() > 0


def test_one_query_asks_for_everything() -> None:
    with serving(lambda _: reply("matrix", [])) as web:
        assert adapter(web).samples(BOTH, 30) == []
    (received,) = web.received
    assert (received.method, received.path) == ("POST", "/api/v1/query")
    asked = parse_qs(received.body.decode())["query"][0]
    assert asked == (
        '{__name__=~"traefik_service_requests_total|traefik_service_request_duration_seconds_bucket'
        '|traefik_config_reloads_total",service=~"'
        r"test-podinfo-bbbbbbbbbb-80@kubernetescrd|test-podinfo-aaaaaaaaaa-80@kubernetescrd|"
        r'test-podinfo-aaaaaaaaaa-fallback-80@kubernetescrd|"}[30000ms]'
    )


@given(st.text(max_size=20))
def test_no_name_escapes_from_the_query(name: str) -> None:
    asked = query([name], 1.5)
    assert asked.endswith('|"}[1500ms]')
    assert asked.count('"') - asked.count('\\"') == 4
    assert "\n" not in asked


SERIES = row(
    Series(
        kind=Kind.BUCKET,
        side=Side.CANARY,
        target="10.0.0.1:8100",
        code="200",
        method="GET",
        le_s=0.1,
        points=((1.0, 1.0), (2.0, 2.0)),
    )
)


def changed(**labels: str) -> dict[str, Any]:
    return {**SERIES, "metric": {**SERIES["metric"], **labels}}


def sampled(*values: Any) -> dict[str, Any]:
    return {**SERIES, "values": list(values)}


@pytest.mark.parametrize(
    ("given", "retryable", "says"),
    [
        (Reply(status=400, body=b'{"status":"error","error":"bad query"}'), False, "bad query"),
        (Reply(status=503, body=b'{"status":"error","error":"queue full"}'), True, "queue full"),
        (Reply(status=502, body=b"<html>bad gateway"), True, "answered 502: <html>bad gateway"),
        (Reply(status=429), True, "answered 429"),
        (Reply(status=404, body=b"no such page"), False, "answered 404: no such page"),
        (Reply(body=b"<html>log in"), False, "does not answer as Prometheus does: <html>log in"),
        (Reply(body=b"[]"), False, "does not answer as Prometheus does"),
        (Reply(body=b'{"status":"success","data":[]}'), False, "does not answer as"),
        (reply("vector", []), False, "answered a vector, not a matrix"),
        (reply("matrix", {}), False, "answered a matrix that is no list"),
        (reply("matrix", [], warnings=["partial"]), True, "answered with warnings: ['partial']"),
        (reply("matrix", [[]]), False, "a series without labels"),
        (reply("matrix", [{**SERIES, "values": []}]), False, "a series without samples"),
        (reply("matrix", [sampled([1.0, "NaN"])]), False, "[1.0, 'NaN'], which is no sample"),
        (reply("matrix", [sampled([1.0, "+Inf"])]), False, "which is no sample"),
        (reply("matrix", [sampled([1.0, "-1"])]), False, "which is no sample"),
        (reply("matrix", [sampled([1.0, 1.0])]), False, "which is no sample"),
        (reply("matrix", [sampled(["1.0", "1"])]), False, "which is no sample"),
        (reply("matrix", [sampled([True, "1"])]), False, "which is no sample"),
        (reply("matrix", [sampled([1.0])]), False, "which is no sample"),
        (reply("matrix", [sampled([math.nan, "1"])]), False, "which is no sample"),
        (reply("matrix", [sampled([2.0, "1"], [1.0, "1"])]), False, "out of order"),
        (reply("matrix", [changed(service="other@kubernetescrd")]), False, "a foreign series"),
        (reply("matrix", [changed(__name__="up")]), False, "a foreign series"),
        (reply("matrix", [changed(code="")]), False, "a foreign series"),
        (reply("matrix", [changed(method="")]), False, "a foreign series"),
        (reply("matrix", [changed(instance="")]), False, "a foreign series"),
        (reply("matrix", [changed(le="wide")]), False, "a bucket without edge"),
    ],
)
def test_nonsense_is_an_error_not_a_number(given: Reply, retryable: bool, says: str) -> None:  # noqa: FBT001
    with serving(lambda _: given) as web, pytest.raises(MetricsError) as refused:
        adapter(web).samples(BOTH, 30)
    assert says in str(refused.value)
    assert refused.value.retryable is retryable
    assert len(str(refused.value).splitlines()) == 1


def test_nobody_listening_is_worth_another_try() -> None:
    with serving(lambda _: Reply()) as web:
        pass
    with pytest.raises(MetricsError, match="refused the connection") as refused:
        adapter(web).now_s()
    assert refused.value.retryable


def test_streams_are_counted_but_not_timed() -> None:
    stream = changed(protocol="websocket")
    counted = {**changed(__name__=NAMES[Kind.REQUESTS], protocol="websocket")}
    with serving(lambda _: reply("matrix", [stream, counted])) as web:
        assert [one.kind for one in adapter(web).samples(BOTH, 30)] == [Kind.REQUESTS]


def test_a_window_is_never_empty() -> None:
    assert query(["a"], 0.0).endswith("[1ms]")


@pytest.mark.parametrize("turn", [1, -1])
def test_a_target_that_two_jobs_scrape_is_counted_once_and_always_the_same(turn: int) -> None:
    pods, annotations = changed(job="pods"), changed(job="annotations")
    rows = [{**pods, "values": [[1.0, "7"]]}, {**annotations, "values": [[2.0, "8"]]}]
    with serving(lambda _: reply("matrix", [*rows[::turn], changed(instance="b:1")])) as web:
        series = adapter(web).samples(BOTH, 30)
    assert [one.points for one in series if one.target != "b:1"] == [((2.0, 8.0),)]
    assert len(series) == 2
