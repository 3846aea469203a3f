"""Go's grammar of durations, read and written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.durations import PATTERN, seconds, text_of


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [
        ("10s", 10),
        ("1m30s", 90),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("0", 0),
        ("0s", 0),
        ("+2s", 2),
        (".5s", 0.5),
        ("1.s", 1),
        ("1h2m3s4ms", 3723.004),
        ("100us", 1e-4),
        ("100\u00b5s", 1e-4),
        ("100\u03bcs", 1e-4),
        ("7ns", 7e-9),
        ("90s90s", 180),
    ],
)
def test_reads_what_go_reads(text: str, expected_s: float) -> None:
    assert seconds(text) == expected_s
    assert re.search(PATTERN, text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "a duration is a number with a unit"),
        ("10", "“10” has no unit: write 10s for seconds"),
        ("1.5", "“1.5” has no unit"),
        ("1mm", "unit “mm” is none of ns, us, ms, s, m, h"),
        ("2d", "unit “d” is none of"),
        ("-1s", "“-1s” is negative"),
        ("1 s", "is not a duration"),
        ("s", "is not a duration"),
        (".s", "is not a duration"),
        ("+", "is not a duration"),
        ("1s2", "is not a duration"),
        ("1S", "is not a duration"),
        ("1e3s", "unit “e” is none of"),
        ("\u0661s", "is not a duration"),  # a digit, but not one of Go's
        ("10s\n", "a duration is a number with a unit"),
        ("9999999999h", "is longer than 292 years"),
        ("x" * 41, "a duration is a number with a unit"),
    ],
)
def test_refuses_everything_else_and_says_why(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        seconds(text)
    if len(text) < 10:
        assert not re.search(PATTERN.replace("$", r"\Z"), text)


def test_a_long_text_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="number with a unit") as caught:
        seconds("hunter2" * 20)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("duration_s", "expected"),
    [
        (0, "0s"),
        (10, "10s"),
        (90, "1m30s"),
        (60, "1m"),
        (3600, "1h"),
        (5400.5, "1h30m0.5s"),
        (0.5, "500ms"),
        (0.0015, "1.5ms"),
        (1e-6, "1us"),
        (7e-9, "7ns"),
    ],
)
def test_writes_the_shortest_text(duration_s: float, expected: str) -> None:
    assert text_of(duration_s) == expected


def test_there_is_no_negative_duration_to_write() -> None:
    with pytest.raises(ValueError, match="not negative"):
        text_of(-1)


@given(st.integers(min_value=0, max_value=30 * 24 * 3600 * 10**9))
def test_what_is_written_is_read_back(amount_ns: int) -> None:
    text = text_of(amount_ns / 10**9)
    assert abs(seconds(text) - amount_ns / 10**9) < 1e-9
    assert text_of(seconds(text)) == text
    assert re.search(PATTERN, text)


@given(st.text(max_size=50))
def test_any_text_is_read_or_refused_as_a_value(text: str) -> None:
    """Nothing but ValueError, and the editors' grammar never accepts less than the parser."""
    try:
        duration_s = seconds(text)
    except ValueError:
        return
    assert duration_s >= 0
    assert re.search(PATTERN, text)


@pytest.mark.parametrize("text", ["\n", "10s\n", "5\nx", "1\x1bm"])
def test_what_cannot_be_printed_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is a number with a unit"):
        seconds(text)
