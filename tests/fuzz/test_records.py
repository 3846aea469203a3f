"""What is read out of the cluster: records, orders, Leases, pods and their events."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from canary.adapters.cluster import symptoms
from canary.adapters.process.lease import sign_of
from canary.core.orders import parsed
from canary.core.record import Phase, Record
from canary.guard import decisions
from tests.fuzz.spoiling import DEEP, fuzzed, spoilt, texts, values

RECORD = Record(
    owner="me",
    run="r1",
    phase=Phase.PROGRESSING,
    primary="aaaaaaaaaa",
    canary="bbbbbbbbbb",
    weight_percent=10,
    images={"aaaaaaaaaa": "podinfo:a"},
    former={"cccccccccc": 1.5},
    lease="test/canary-1",
)
records = spoilt(json.loads(RECORD.to_json())).map(json.dumps) | values.map(json.dumps)
written = records | texts | st.just(DEEP)
ENDLESS = '{"owner": "me", "phase": "Failed", "weight": 1e999}'
EVENTS = (
    "Readiness probe failed: ",
    "Readiness probe failed: HTTP probe failed with statuscode: 500",
)


@fuzzed
@example(DEEP)
@example(ENDLESS)
@given(written)
def test_a_record_is_read_or_refused(text: str) -> None:
    try:
        record = Record.from_json(text)
    except (ValueError, TypeError, KeyError, AttributeError):  # what the router expects
        return
    assert 0 <= record.weight_percent <= 100
    assert all(map(math.isfinite, (record.moved_at, *record.former.values())))
    assert Record.from_json(record.to_json()).members == record.members


@fuzzed
@example(DEEP)
@given(written)
def test_the_guard_reads_a_record_or_leaves_it_alone(text: str) -> None:
    body = {"metadata": {"annotations": {decisions.RECORD: text}}}
    record = decisions.record_of(body)
    if record is not None:
        assert all(isinstance(version, str) for version in decisions.beside(record))
        assert decisions.is_drained(record, 1.0) in {True, False}
        assert decisions.failed_version(record) in {"", str(record.get("canary"))}
        assert decisions.image_of(record, "x")
    if record is not None and decisions.is_unfinished(record):
        after = decisions.restored(record, 1.0)
        assert not decisions.is_unfinished(after)
        assert decisions.is_restored(after)


@fuzzed
@example(DEEP)
@given(written | spoilt({"verb": "abort", "by": "me", "run": "r1"}).map(json.dumps))
def test_an_order_is_read_in_one_line(text: str) -> None:
    order = parsed(text)
    assert len(order.verb.splitlines()) <= 1
    assert len(order.by.splitlines()) <= 1


@fuzzed
@given(
    st.dictionaries(st.sampled_from(["renewTime", "holderIdentity", "acquireTime"]), texts), texts
)
def test_a_lease_vouches_or_does_not(spec: dict[str, Any], runs: str) -> None:
    body = {"spec": spec, "metadata": {"annotations": {decisions.RUNS: runs}}}
    assert bool(sign_of(body, "r1").beat) <= ("r1" in runs)
    assert decisions.beats(body).get("r1", "") == sign_of(body, "r1").beat
    assert decisions.is_old(body, 1.0) in {True, False}


@fuzzed
@given(st.lists(st.text(max_size=400) | st.sampled_from(EVENTS) | texts.map(EVENTS[0].__add__)))
def test_an_event_is_told_in_one_line(messages: list[str]) -> None:
    assert len(symptoms.probe_failure(messages).splitlines()) <= 1
