"""A part of the operating characteristics at every build; the rest by command."""

from __future__ import annotations

from random import Random

import pytest

from tests.characteristics.cases import BAD, GOOD
from tests.characteristics.limits import late
from tests.characteristics.runs import Summary, cause, release
from tests.characteristics.truth import Case, Truth, hits

RUNS = 25  # of each of the twelve good cases: 300 releases
CASES = {case.name: case for case in BAD}


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.name)
def test_good_versions_are_promoted(case: Case) -> None:
    """One of 300 may be stopped; a case with two of 25 would be far beyond 1 %."""
    summary = Summary.of(case.name, lambda seed: release(case, seed), range(RUNS))
    assert summary.stopped <= 1, [e for e in summary.endings if e.by != "promoted"]
    assert summary.count("promoted") >= RUNS - 1


@pytest.mark.parametrize(
    ("name", "within_s", "failed"),
    [
        ("all 5xx", 7.5, 7),
        ("all 404", 7.5, 7),
        ("all slow", 7.5, 7),
        (BAD[0].name, 14.0, 7),
    ],
)
def test_bad_versions_are_gone_within_seconds(name: str, within_s: float, failed: int) -> None:
    summary = Summary.of(name, lambda seed: release(CASES[name], seed), range(15))
    assert summary.stopped == 15
    assert summary.count("evidence") >= 14
    assert summary.seconds[0] <= within_s
    assert summary.failed <= failed


def test_failures_that_are_quicker_than_answers_prove_nothing() -> None:
    """Of a good version whose answers take five seconds; see `Stratum.inflation`."""
    endings = [late(seed, seconds=5.0, rate_per_s=1000.0) for seed in range(6)]
    assert [ending.by for ending in endings if ending.by == "evidence"] == []


@pytest.mark.parametrize("share", [0.0, 0.004, 0.3, 0.7, 1.0])
def test_draws_are_as_frequent_as_they_should_be(share: float) -> None:
    random = Random(1)
    drawn = [hits(50, share, random) for _ in range(4000)]
    deviation = (50 * share * (1 - share) / 4000) ** 0.5
    assert abs(sum(drawn) / 4000 - 50 * share) <= 4 * deviation


def test_shared_bursts_are_shared_and_of_mean_one() -> None:
    case = Case(name="x", primary=Truth(), canary=Truth(), burst=1.0)
    random = Random(2)
    pairs = [case.now(0.0, random) for _ in range(4000)]
    assert all(primary == canary for primary, canary in pairs)
    mean = sum(primary.client for primary, _ in pairs) / 4000
    assert mean == pytest.approx(Truth().client, rel=0.1)


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("Succeeded", "promoted"),
        ("at 5 %: …: chance does that less than once in 200 releases; …", "evidence"),
        ("at 5 %: inconclusive for 600 s: no canary request seen", "inconclusive"),
        ("at 5 %: answered 2 of about 22 requests sent", "hanging"),
        ("at 5 %: request-success-rate … (2 of 2 failed checks)", "checks"),
        ("at 5 %: the pods are gone", "at 5 %: the pods are gone"),
    ],
)
def test_what_ended_a_run(text: str, by: str) -> None:
    assert cause(text) == by
