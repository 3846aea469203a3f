"""What a look of the guard costs the API server, and that it is enough to miss no run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from canary.adapters.process.lease import LeaseForm
from canary.core.record import Phase
from canary.guard.signs import RESYNC_S
from tests.contracts.guarding import Bench
from tests.contracts.routing import at
from tests.fakes.cluster import Fault
from tests.vigil.__main__ import measured


def asked(bench: Bench) -> Counter[str]:
    """How often what was asked for since the last call, by the last part of the path."""
    calls, bench.server.calls = [*bench.server.calls], []
    return Counter(call.partition("?")[0].rpartition("/")[2] for call in calls)


def test_at_rest_the_records_are_listed_twice_a_minute(bench: Bench) -> None:
    bench.pass_(2.0)
    asked(bench)
    bench.pass_(60.0)
    assert asked(bench) == {"leases": 32, "traefikservices": 60 / RESYNC_S}


def test_while_drivers_live_their_leases_tell_enough(bench: Bench) -> None:
    bench.run_at(30)
    bench.pass_(4.0, alive=True)
    asked(bench)
    bench.pass_(20.0, alive=True)
    found = asked(bench)
    assert (found["leases"], found["traefikservices"]) == (10, 0)


def test_a_driver_that_gives_its_sign_before_it_claims_is_not_lost_sight_of(bench: Bench) -> None:
    bench.pass_(4.0)
    lease = bench.heartbeat.begin()
    bench.pass_(10.0, alive=True)
    record = replace(at(30), lease=lease)
    bench.router.write(replace(record, phase=Phase.PREPARING, weight_percent=0))
    bench.router.write(record)
    bench.pass_(14.0)
    bench.demand_restored()


def test_a_run_whose_lease_somebody_deleted_is_restored_as_soon(bench: Bench) -> None:
    bench.run_at(30)
    bench.pass_(20.0, alive=True)
    (lease,) = (path for path in bench.server.objects.by_path if "/leases/" in path)
    bench.server.objects.delete(lease, {})
    bench.pass_(14.0)
    bench.demand_restored()


def test_a_driver_that_died_before_it_claimed_is_not_waited_for(bench: Bench) -> None:
    bench.heartbeat.begin()
    bench.pass_(14.0)
    asked(bench)
    bench.pass_(10.0)
    assert asked(bench) == {"leases": 5}


def test_runs_of_another_stack_are_not_looked_for(bench: Bench) -> None:
    form = LeaseForm(namespace="test", name="canary-theirs", owner="them", holder="somebody")
    bench.pass_(2.0)
    bench.server.put(form.collection, form.body(["r9"], acquired_s=1.0, renewed_s=2.0))
    asked(bench)
    bench.pass_(10.0)
    assert asked(bench) == {"leases": 5}


def test_a_look_that_failed_is_made_up_for(bench: Bench) -> None:
    bench.run_at(30)
    bench.server.faults.append(Fault(path="traefikservices", status=503))
    bench.pass_(2.0)
    bench.pass_(2.0, alive=True)
    bench.pass_(14.0)
    bench.demand_restored()


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_connection_that_the_server_closed_costs_no_look(bench: Bench, drop: str) -> None:
    bench.pass_(2.0)
    bench.server.faults.append(Fault(method="GET", drop=drop))
    bench.now_s += 2.0
    assert bench.patrol.look()


@pytest.mark.parametrize("busy", [False, True])
def test_many_apps_cost_less_than_one_percent_of_a_core_and_forty_megabytes(busy: bool) -> None:  # noqa: FBT001
    cost = measured(200, busy=busy, looks_=30)
    assert cost.runs == (200 if busy else 0)
    assert cost.core_percent < 1.0
    assert cost.peak_mb < 40.0
