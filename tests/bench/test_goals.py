"""The page about releases says what was to be reached, and what was not."""

from __future__ import annotations

from typing import Any

from tests.bench import page
from tests.bench.cases import OURS, PEER
from tests.bench.goals import goals, over_s
from tests.bench.trial import Trial


def trial(case: str, side: str = OURS, **changes: Any) -> Trial:
    usual: dict[str, Any] = {
        "side": side,
        "case": case,
        "number": 0,
        "outcome": "promoted" if case == "healthy" else "rejected",
        "total_s": 130.0,
        "ready_s": 5.0,
        "highest": 50,
        "exposed_s": None if case == "healthy" else 10.0,
        "after_exit_s": 2.0 if case == "crash" else None,
        "failed": 0,
        "requests": 2400,
        "api_per_min": 1.0,
        "queries_per_min": 1.0,
        "cpu_s": None,
        "memory_mib": None,
    }
    return Trial(**{**usual, **changes})


MINE = [trial(case) for case in ("healthy", "errors", "slow", "crash")]
THEIRS = [trial(case, PEER, exposed_s=120.0) for case in ("errors", "slow")]


def test_what_is_reached_is_said() -> None:
    assert over_s(MINE[0]) == 5.0
    assert over_s(MINE[1]) is None
    rows = goals(MINE, THEIRS)
    assert rows[0] == "| healthy: at most 6.0 s over 120 s of waits and readiness | 5.0 s | yes |"
    assert len(rows) == 6
    assert all(row.endswith("| yes |") for row in rows)


def test_what_is_not_reached_is_said_louder() -> None:
    slow = [trial("healthy", total_s=132.0), trial("errors", exposed_s=16.0, failed=1)]
    rows = goals(slow, THEIRS)
    assert [row.rsplit("| ", 1)[1] for row in rows] == ["**no** |"] * 4


def test_the_page_ends_with_them() -> None:
    text = page.text([*MINE, *THEIRS])
    assert "## What was to be reached" in text
    assert text.rstrip().endswith("| no failed request of the probe in any release | 0 | yes |")
    assert "| over readiness and the waits that are configured | 5 s | none |  |" in text
