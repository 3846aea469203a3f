"""A guard and the programs whose records it reads need not be of the same release."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from canary.core.record import Record
from canary.guard import decisions
from tests.contracts.guarding import PLAIN, Bench
from tests.contracts.routing import LISTS, NEW, OLD

# Without these there is no run that could be put back.
NEEDED = {"owner", "run", "phase", "primary", "canary", "weight", "lease"}
LATER = sorted(set(json.loads(Record(owner="me").to_json())) - NEEDED)


def written(bench: Bench) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        bench.body(PLAIN)["metadata"]["annotations"][decisions.RECORD]
    )
    return found


def rewrite(bench: Bench, record: dict[str, Any]) -> None:
    marks = {decisions.RECORD: json.dumps(record)}
    bench.server.edit(LISTS.path(PLAIN), {"metadata": {"annotations": marks}})


@pytest.mark.parametrize("missing", [*LATER, "all of them"])
def test_an_older_record_is_restored(bench: Bench, missing: str) -> None:
    record = json.loads(bench.run_at(30).to_json())
    gone = LATER if missing == "all of them" else [missing]
    rewrite(bench, {key: value for key, value in record.items() if key not in gone})
    bench.pass_(14.0)
    bench.demand_restored()
    # What a program of that time did not write is not made up.
    assert set(gone) & set(written(bench)) <= {"movedAt", "reason"}


@pytest.mark.parametrize("value", [7, "text", None, [1, {"a": 2}], {"b": [True]}])
def test_what_a_newer_program_added_is_kept_as_it_is(bench: Bench, value: Any) -> None:
    record = json.loads(bench.run_at(30).to_json())
    rewrite(bench, {**record, "schema": 9, "novelty": value})
    bench.pass_(14.0)
    bench.demand_restored()
    assert (written(bench)["schema"], written(bench)["novelty"]) == (9, value)


@pytest.mark.parametrize("phase", ["Pondering", "Abandoned", 7])
def test_a_phase_that_only_newer_programs_know_is_a_run_under_way(bench: Bench, phase: Any) -> None:
    record = json.loads(bench.run_at(30).to_json())
    rewrite(bench, {**record, "phase": phase})
    bench.writes()
    bench.pass_(30.0, alive=True)
    assert {call for call in bench.writes() if "leases" not in call} == set()
    bench.pass_(14.0)
    bench.demand_restored()
    assert f"in {phase} at 30 %" in written(bench)["reason"]


@pytest.mark.parametrize(
    "renamed",
    [{"primary": None, "stable": OLD}, {"primary": {"version": OLD}}, {"lease": {"name": "x"}}],
)
def test_a_record_whose_words_mean_something_else_is_left_alone(
    bench: Bench, renamed: dict[str, Any]
) -> None:
    record = json.loads(bench.run_at(30).to_json())
    rewrite(bench, {**record, "schema": 9, **renamed})
    bench.writes()
    bench.pass_(30.0)
    assert (bench.writes(), bench.station.health.errors) == ([], 0)


def test_only_a_failure_that_it_knows_stops_pods() -> None:
    for phase in ("Pondering", "Abandoned", "failed", None, 7):
        record = {"phase": phase, "primary": OLD, "canary": NEW}
        assert decisions.failed_version(record) == ""
    assert decisions.failed_version({"phase": "Failed", "primary": OLD, "canary": NEW}) == NEW
    assert decisions.failed_version({"phase": "Failed", "primary": OLD, "canary": [NEW]}) == ""


def test_an_app_that_the_guard_does_not_understand_costs_no_other_its_restore(
    bench: Bench,
) -> None:
    bench.run_at(30)
    other = replace(LISTS, app="another")
    router = bench.world.router(other)
    router.write(replace(bench.record, weight_percent=0))
    router.write(bench.record)
    nonsense = {"spec": {"weighted": {"services": ["nothing that an API server takes"]}}}
    bench.server.edit(other.path("another"), nonsense)
    bench.pass_(14.0)
    bench.demand_restored()
    assert bench.station.health.errors
