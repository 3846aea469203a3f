"""Answers of Prometheus and of webhooks: counted exactly, or an error in one line."""

from __future__ import annotations

import gzip
import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from canary.adapters import http
from canary.adapters.cluster.access import Direct
from canary.adapters.metrics.counters import Alone, PrometheusMetrics
from canary.adapters.metrics.prometheus import InstantQuery
from canary.adapters.metrics.readings import reading_of
from canary.adapters.outlets.hooks import Hook, Sender
from canary.core.seen import HookType, Occasion
from canary.errors import HookError, MetricsError
from tests.fuzz.spoiling import DEEP, MARK, SECRET, fuzzed, raw, said, spoilt, told, values

VERSIONS = {"primary": "aaaaaaaaaa", "canary": "bbbbbbbbbb"}
SAMPLES = [[1.5, "12"], [2.5, "13"]]
ROW = {
    "metric": {
        "__name__": "traefik_service_request_duration_seconds_bucket",
        "instance": "10.0.0.1:8100",
        "service": "test-podinfo-aaaaaaaaaa-80@kubernetescrd",
        "code": "200",
        "method": "GET",
        "le": "0.5",
    },
    "values": SAMPLES,
}
MATRIX = {"status": "success", "data": {"resultType": "matrix", "result": [ROW]}}
VECTOR = [{"metric": {}, "value": [1.5, "3"]}]

statuses = st.integers(200, 599)
headers = st.dictionaries(
    st.sampled_from(["Content-Type", "Content-Encoding", "Location", "Retry-After"]),
    st.sampled_from(["gzip", "br", "application/json; charset=nonsense", "text/html", "1e9", "-1"]),
)
wholes = spoilt(MATRIX).map(lambda answer: json.dumps(answer).encode("utf-8", "surrogatepass"))
plain = raw | told.map(lambda text: text.encode("utf-8", "ignore"))
bodies = wholes | plain | plain.map(gzip.compress) | st.just(DEEP.encode())


def _answering(status: int, headers: dict[str, str], body: bytes, **kind: Any) -> Direct:
    """An iterator is decoded as it is read, like an answer from the network."""
    transport = http.MockTransport(
        lambda _: http.Response(status, headers=headers, content=iter([body]))
    )
    return Direct("it", "http://it.example", transport=transport, **kind)


@fuzzed
@example(200, {"Content-Encoding": "gzip"}, b"not compressed")
@example(200, {}, DEEP.encode())
@example(200, {}, b'{"status": "success", "data": {"resultType": [], "result": []}}')
@example(200, {}, f"{'x' * 170} https://me:{SECRET}@example.com/".encode())
@given(statuses, headers, bodies)
def test_prometheus_is_believed_or_refused(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    endpoint = _answering(status, headers, body, raises=MetricsError)
    metrics = PrometheusMetrics(Alone(endpoint), "test", "podinfo", 80)
    for text in (
        said(lambda: metrics.samples(VERSIONS, 30.0) and ""),
        said(metrics.now_s),
        said(lambda: InstantQuery(endpoint).typed_result("up", "vector")[0]),
    ):
        assert MARK not in text
        assert len(text.splitlines()) <= 1


@fuzzed
@given(st.sampled_from(["scalar", "vector"]), values | spoilt(VECTOR) | spoilt(SAMPLES[0]))
def test_one_number_is_read_or_its_trouble_told(kind: str, result: Any) -> None:
    reading = reading_of(kind, result)
    assert (reading.value is None) == bool(reading.trouble)
    assert len(reading.trouble.splitlines()) <= 1


@fuzzed
@example(200, {"Content-Encoding": "gzip"}, b"not compressed", HookType.ROLLOUT)
@given(statuses, headers, bodies, st.sampled_from(HookType))
def test_a_webhook_says_yes_or_why_not(
    status: int, headers: dict[str, str], body: bytes, kind: HookType
) -> None:
    endpoint = _answering(status, headers, body, raises=HookError)
    sender = Sender(app="podinfo", namespace="test", reach=lambda _: (endpoint, "/"))
    occasion = Occasion(type=kind, phase="Progressing", checksum="aaaaaaaaaa")
    text = sender.send(Hook(name="gate", type=kind, url="http://it.example"), occasion)
    assert MARK not in text
    assert len(text.splitlines()) <= 1
