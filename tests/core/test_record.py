"""A record survives being written as JSON, and nonsense is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.record import Phase, Record

records = st.builds(
    Record,
    owner=st.text(min_size=1),
    run=st.text(),
    phase=st.sampled_from(Phase),
    primary=st.text(),
    canary=st.text(),
    weight_percent=st.integers(0, 100),
    moved_at=st.integers(0, 2**31).map(float),
    reason=st.text(),
    images=st.dictionaries(st.text(), st.text()),
    held=st.text(),
    obeyed=st.text(),
    lease=st.text(),
    former=st.dictionaries(st.text(), st.integers(0, 2**31).map(float)),
)


@given(records)
def test_what_was_written_is_read(record: Record) -> None:
    text = record.to_json()
    assert "\n" not in text
    assert Record.from_json(text) == record


def test_a_newer_programs_fields_are_ignored() -> None:
    newer = json.loads(Record(owner="me").to_json()) | {"schema": 2, "mirror": 5}
    assert Record.from_json(json.dumps(newer)) == Record(owner="me")


def test_an_older_programs_record_has_defaults() -> None:
    read = Record.from_json('{"owner": "me", "phase": "Succeeded"}')
    assert read == Record(owner="me")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"owner": "me"}',
        '{"owner": "me", "phase": "Dreaming"}',
        '{"owner": "me", "phase": "Failed", "weight": 101}',
        '{"owner": "me", "phase": "Failed", "weight": -1}',
        '{"owner": "me", "phase": "Failed", "weight": 1e999}',
        '{"owner": "me", "phase": "Failed", "movedAt": NaN}',
        '{"owner": "me", "phase": "Failed", "former": {"aaaaaaaaaa": -Infinity}}',
        "[" * 100_000,
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Record.from_json(text)


def test_only_versions_with_traffic_are_members() -> None:
    both = Record(owner="me", primary="a", canary="b", weight_percent=30)
    assert both.members == (("a", 70), ("b", 30))
    assert Record(owner="me", primary="a", canary="b").members == (("a", 100),)
    assert Record(owner="me", canary="b").members == ()
