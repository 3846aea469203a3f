"""A baseline of a dead run: the guard takes its requests away, and then its pods."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.adapters.routes.lists import OWNER
from canary.core.record import Phase
from canary.guard import decisions
from tests.contracts.guarding import BASELINES, PLAIN, Bench
from tests.contracts.routing import NEW, OLD, at


def test_a_baseline_gets_nothing_at_once_and_goes_when_it_has_drained(bench: Bench) -> None:
    bench.run_beside_baseline(30)
    bench.pass_(20.0, alive=True)
    assert len(bench.body(PLAIN)["spec"]["weighted"]["services"]) == 3
    bench.pass_(14.0)
    bench.demand_restored()
    assert bench.baselines == [*BASELINES]
    assert not bench.record.baseline
    bench.pass_(decisions.DRAIN_S)
    assert bench.baselines == []
    bench.pass_(2.0)
    bench.demand_restored()


def test_a_guard_that_comes_later_takes_the_baseline_away(bench: Bench) -> None:
    bench.run_beside_baseline(30)
    bench.pass_(14.0)
    bench.patrol = bench.guard()
    bench.pass_(decisions.DRAIN_S)
    assert bench.baselines == []


def test_while_only_a_baseline_serves_it_keeps_what_it_has(bench: Bench) -> None:
    bench.run_beside_baseline(30)
    bench.endpoints(OLD, 0)
    bench.endpoints(NEW, 0)
    bench.pass_(20.0)
    assert bench.record.run == "r1"
    bench.endpoints("baseline", 0)
    bench.pass_(2.0)
    bench.demand_restored()


@pytest.mark.parametrize("weight", [0, 100])
def test_a_baseline_without_requests_keeps_nothing(bench: Bench, weight: int) -> None:
    bench.run_beside_baseline(weight)
    bench.endpoints(OLD, 0)
    bench.endpoints(NEW, 0)
    bench.pass_(14.0)
    bench.demand_restored()


def test_another_runs_baseline_is_not_taken_away(bench: Bench) -> None:
    bench.run_beside_baseline(30)
    bench.pass_(14.0)
    router = bench.world.router()
    router.route()
    router.write(replace(at(0), run="r2", phase=Phase.PREPARING, baseline=True))
    bench.pass_(30.0)
    assert bench.baselines == [*BASELINES]


def test_somebody_elses_object_of_its_name_is_not_taken_away(bench: Bench) -> None:
    bench.run_beside_baseline(30)
    marks = {"metadata": {"annotations": {OWNER: "them"}}}
    for path in BASELINES:
        bench.server.edit(path, marks)
    bench.pass_(14.0)
    bench.pass_(decisions.DRAIN_S)
    assert bench.baselines == [*BASELINES]


def test_a_record_that_somebody_edited_does_not_stop_it(bench: Bench) -> None:
    record = {"baseline": True, "weight": "30", "movedAt": None, "canary": NEW}
    assert decisions.beside(record) == (NEW,)
    assert decisions.is_drained(record, bench.now_s)
    assert decisions.beside({**record, "weight": 10**400}) == (NEW,)
