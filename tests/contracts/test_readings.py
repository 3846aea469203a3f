"""The Readings port: one suite for the fake and for the adapter, served the same values."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from canary.adapters.cluster.access import Ask, Direct
from canary.adapters.metrics.readings import PrometheusReadings, reading_of
from canary.core.custom import Reading
from canary.errors import MetricsError
from canary.ports import Readings
from tests.e2e.waiting import await_
from tests.fakes.clock import FakeClock
from tests.fakes.readings import FakeReadings
from tests.fakes.web import Received, Reply, Web, serving

PARSE_ERROR = 'invalid parameter "query": 1:4: parse error: unexpected end of input'
# VictoriaMetrics repeats the query in front; what that says is no reason.
VICTORIA = 'error when executing query="sum(up) / \\"" for (time=1, step=300000): '
SAYS_UNPARSED = VICTORIA.replace("up", "unparsed data")
VALUES: dict[str, float] = {"sum(up)": 12.5, "vector(-1)": -1.0, "vector(1) / 0": math.inf}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["fake", "real"])
def readings(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Readings]:
    if request.param == "fake":
        yield FakeReadings(
            clock,
            {
                **VALUES,
                "sum": Reading(
                    trouble=f"Prometheus refuses the query: {PARSE_ERROR}", miswritten=True
                ),
                "up": Reading(trouble="the query answered 2 series", miswritten=True),
            },
        )
        return
    with serving(answer) as web:
        yield adapter(web, clock)


def adapter(web: Web, clock: FakeClock, *, timeout_s: float = 2.0) -> PrometheusReadings:
    endpoint = Direct("Prometheus", web.url, raises=MetricsError, timeout_s=timeout_s)
    return PrometheusReadings(endpoint, clock)


def answer(received: Received) -> Reply:
    """What Prometheus answers for the queries in `VALUES`."""
    asked = parse_qs(received.body.decode())["query"][0]
    if asked == "sum":
        return refused(400, "bad_data", PARSE_ERROR)
    if asked == "up":
        return vector("1", "1")
    number = {math.inf: "+Inf"}.get(VALUES.get(asked, 0.0), str(VALUES.get(asked)))
    return vector(number) if asked in VALUES else reply("vector", [])


def refused(status: int, kind: str, says: str) -> Reply:
    body = {"status": "error", "errorType": kind, "error": says}
    return Reply(status=status, body=json.dumps(body).encode())


def spoilt_type(status: int) -> Reply:
    return Reply(status=status, body=b'{"status": "error", "errorType": [], "error": "x"}')


def reply(kind: str, result: Any, **more: Any) -> Reply:
    data = {"resultType": kind, "result": result}
    return Reply(body=json.dumps({"status": "success", "data": data, **more}).encode())


def vector(*values: str) -> Reply:
    rows = [{"metric": {"n": str(n)}, "value": [1.5, text]} for n, text in enumerate(values)]
    return reply("vector", rows)


def answered(readings: Readings, query: str, name: str = "orders") -> Reading:
    readings.ask(name, query)
    await_(lambda: readings.answer(name) is not None, "an answer", 10)
    found = readings.answer(name)
    assert found is not None
    return found


@pytest.mark.parametrize("query", VALUES)
def test_one_value_is_read(readings: Readings, query: str) -> None:
    assert answered(readings, query) == Reading(value=VALUES[query])


def test_no_series_is_no_value(readings: Readings) -> None:
    found = answered(readings, "absent_metric")
    assert found.value is None
    assert "no series" in found.trouble


def test_a_query_that_is_wrong_is_said_to_be(readings: Readings) -> None:
    found = answered(readings, "sum")
    assert found.miswritten
    assert PARSE_ERROR in found.trouble
    several = answered(readings, "up")
    assert several.miswritten
    assert "answered 2 series" in several.trouble
    assert not answered(readings, "absent_metric").miswritten


def test_metrics_are_told_apart_by_name(readings: Readings) -> None:
    assert readings.answer("orders") is None
    assert answered(readings, "sum(up)", "one").value == 12.5
    assert answered(readings, "vector(-1)", "other").value == -1.0
    assert answered(readings, "vector(-1)", "one").value == -1.0


def result(given: Reply) -> Reading:
    with serving(lambda _: given) as web:
        return answered(adapter(web, FakeClock()), "x")


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (reply("scalar", [1.5, "3"]), 3.0),
        (reply("scalar", [1, "-Inf"]), -math.inf),
        (vector("1e3"), 1000.0),
    ],
)
def test_a_scalar_or_one_series_is_a_value(given: Reply, value: float) -> None:
    assert result(given) == Reading(value=value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (vector("NaN"), "the query answered NaN"),
        (reply("scalar", [1.5, "NaN"]), "the query answered NaN"),
        (vector("1", "2", "3"), "the query answered 3 series where one is needed: aggregate"),
        (reply("matrix", []), "answered a matrix, not a vector or scalar"),
        (reply("vector", {}), "a vector that is no list"),
        (reply("vector", ["x"]), "which is no sample"),
        (reply("vector", [{}]), "which is no sample"),
        (reply("scalar", [1.5, "three"]), "which is no sample"),
        (reply("scalar", [1.5, 3]), "which is no sample"),
        (reply("vector", [], warnings=["partial"]), "answered with warnings: ['partial']"),
        (Reply(status=400, body=b'{"status":"error","error":"parse error"}'), "parse error"),
        (Reply(status=503), "answered 503"),
        (spoilt_type(400), "refused (400): x"),
    ],
)
def test_whatever_is_no_value_says_why_in_one_line(given: Reply, says: str) -> None:
    found = result(given)
    assert found.value is None
    assert says in found.trouble
    assert len(found.trouble.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (refused(400, "bad_data", "parse error"), True),
        (vector("1", "2"), True),
        (reply("matrix", []), True),
        (reply("string", [1.5, "x"]), True),
        (refused(400, "timeout", "no PromQL of ours"), False),
        (refused(400, "400", f"{VICTORIA}missing ')'; unparsed data: \"\""), True),
        (refused(422, "422", f'{VICTORIA}argList: unexpected token; unparsed data: ""'), True),
        (refused(422, "422", f'{VICTORIA}unparsed data left: ")"'), True),
        (refused(422, "422", f"{VICTORIA}cannot find the first token: what?"), True),
        (refused(422, "422", f"{VICTORIA}cannot expand WITH expressions: x"), True),
        (refused(422, "422", 'unknown func "rat"'), True),
        (refused(422, "422", f'{VICTORIA}unsupported function "rat"'), True),
        (refused(422, "422", "unexpected number of args; got 1; want 2"), True),
        (refused(422, "422", 'expecting at least 1 args to "rate"; got 0 args'), True),
        (refused(422, "422", f"{VICTORIA}the number of matching timeseries exceeds 300000"), False),
        (refused(422, "422", f"{VICTORIA}cannot fetch data: timeout exceeded"), False),
        (refused(422, "422", "duplicate time series on the left side of `* on()`"), False),
        (refused(422, "422", f"{SAYS_UNPARSED}the response contains more series"), False),
        (refused(422, "execution", "invalid regular expression in label_replace(): ("), True),
        (refused(422, "execution", 'invalid source label name in label_join(): "0"'), True),
        (refused(422, "execution", 'invalid label name "0"'), True),
        (refused(422, "execution", "many-to-many matching not allowed"), False),
        (refused(422, "execution", "query processing would load too many samples"), False),
        (refused(422, "timeout", "query timed out in expression evaluation"), False),
        (refused(499, "canceled", "query was canceled"), False),
        (refused(422, "bad_data", ""), False),
        (refused(503, "503", 'unparsed data left: ")"'), False),
        (refused(503, "timeout", "query timed out"), False),
        (Reply(status=400, body=b"bad request"), False),
        (Reply(status=404), False),
        (Reply(status=401), False),
        (reply("histogram", []), False),
        (vector("NaN"), False),
        (vector(), False),
    ],
)
def test_only_what_prometheus_says_of_the_query_makes_it_wrong(given: Reply, wrong: bool) -> None:  # noqa: FBT001
    assert result(given).miswritten is wrong


def test_victoria_metrics_is_quoted_without_the_query_that_it_repeats() -> None:
    long = VICTORIA.replace("up", "a" * 400)
    never = result(refused(422, "422", f'{long}unknown func "rat"')).trouble
    assert never.endswith(') refuses the query: unknown func "rat"')
    held = result(refused(422, "422", f"{long}too many series")).trouble
    assert held.endswith(") refused (422): too many series")


def test_prometheus_is_quoted_up_to_three_hundred_characters_and_without_secrets() -> None:
    says = f"parse error near token=abcdefgh {'x' * 400}"
    quoted = result(refused(400, "bad_data", says)).trouble.partition("refuses the query: ")[2]
    assert len(quoted) == 300
    assert "abcdefgh" not in quoted


def test_nobody_listening_is_no_value() -> None:
    with serving(lambda _: Reply()) as web:
        pass
    assert "refused the connection" in answered(adapter(web, FakeClock()), "x").trouble


def test_a_question_does_not_wait_and_is_asked_once_at_a_time() -> None:
    hold = threading.Event()
    held = Reply(body=vector("4").body, hold=hold)
    with serving(lambda _: held) as web:
        readings = adapter(web, FakeClock(), timeout_s=20.0)
        readings.ask("orders", "x")
        readings.ask("orders", "x")
        assert readings.answer("orders") is None
        hold.set()
        await_(lambda: readings.answer("orders") is not None, "an answer", 10)
        assert readings.answer("orders") == Reading(value=4.0)
        assert len(web.received) == 1


def test_an_answer_that_drips_for_ever_ends_all_the_same() -> None:
    hold, clock = threading.Event(), FakeClock()
    with serving(lambda _: Reply(hold=hold)) as web:
        readings = adapter(web, clock, timeout_s=20.0)
        readings.ask("orders", "x")
        clock.advance(31.0)
        assert readings.answer("orders") == Reading(trouble="Prometheus did not answer in time")
        hold.set()


def test_a_bug_in_the_thread_is_an_answer() -> None:
    class Broken:
        name = "Prometheus"

        def request(self, _ask: Ask) -> Any:
            raise RuntimeError("a bug")

    found = answered(PrometheusReadings(Broken(), FakeClock()), "x")
    assert found.trouble == "could not be asked: RuntimeError"


def test_the_query_goes_out_as_it_is_written() -> None:
    query = 'sum(rate(http_requests_total{path=~"/a.+&b"}[1m]))'
    with serving(lambda _: vector("1")) as web:
        answered(adapter(web, FakeClock()), query)
    (received,) = web.received
    assert (received.method, received.path) == ("POST", "/api/v1/query")
    assert parse_qs(received.body.decode()) == {"query": [query]}


def test_a_reading_is_pure() -> None:
    assert reading_of("vector", []).trouble == "the query answered no series"
