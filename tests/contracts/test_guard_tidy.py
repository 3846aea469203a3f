"""What dead drivers leave besides traffic: the guard stops their pods and deletes their Leases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from canary.adapters.process.lease import LeaseForm
from canary.adapters.routes.lists import OWNER
from canary.core.record import Phase
from canary.guard.decisions import LEASE_TTL_S
from canary.guard.tidy import FAILED_TTL_S
from tests.contracts.guarding import DEPLOYMENTS, EVENTS, PLAIN, SERVICES, Bench, Meddling
from tests.contracts.routing import LISTS, NEW, OLD, REST, api_world, at
from tests.fakes.cluster import Fault

FAILED = replace(at(0), phase=Phase.FAILED, lease="test/canary-1")
LONG_S = FAILED_TTL_S + 60.0


@pytest.fixture
def bench() -> Iterator[Bench]:
    with api_world() as world:
        bench = Bench(world)
        for version in (OLD, NEW):
            deploy(bench, version)
        yield bench
        bench.heartbeat.close()


def deploy(bench: Bench, version: str, owner: str = "me") -> None:
    metadata = {"name": f"podinfo-{version}", "annotations": {OWNER: owner}}
    bench.server.put(DEPLOYMENTS, {"metadata": metadata, "spec": {"replicas": 2}})


def pods(bench: Bench, version: str) -> int:
    path = f"{DEPLOYMENTS}/podinfo-{version}"
    return int(bench.server.objects.read(path)["spec"]["replicas"])


def fail(bench: Bench) -> None:
    """The run failed; its driver died before it stopped the pods."""
    bench.router.write(replace(FAILED, phase=Phase.PREPARING))
    bench.router.write(FAILED)


def wait(bench: Bench, seconds: float) -> None:
    """Time in which the guard looks at the beginning, and again before the end."""
    bench.pass_(2.0)
    bench.skip(seconds - 34.0)
    bench.pass_(32.0)


def test_a_version_that_failed_is_stopped_when_its_time_is_up(bench: Bench) -> None:
    fail(bench)
    wait(bench, FAILED_TTL_S - 60.0)
    assert pods(bench, NEW) == 2
    wait(bench, 120.0)
    assert (pods(bench, NEW), pods(bench, OLD)) == (0, 2)
    (event,) = bench.server.objects.items(EVENTS, "", "")
    assert event["reason"] == "Stopped"
    assert event["message"].startswith(f"{NEW} still had pods more than 3600 s after it failed")
    bench.writes()
    wait(bench, LONG_S)
    assert bench.writes() == []


def test_what_the_guard_restored_is_stopped_too(bench: Bench) -> None:
    bench.run_at(30)
    bench.pass_(14.0)
    bench.demand_restored()
    wait(bench, LONG_S)
    assert (pods(bench, NEW), pods(bench, OLD)) == (0, 2)


@pytest.mark.parametrize(
    "record",
    [
        REST,
        replace(FAILED, phase=Phase.SUCCEEDED, primary=NEW, canary=""),
        replace(FAILED, primary=NEW),
        replace(FAILED, canary=""),
        replace(FAILED, phase=Phase.ROLLING_BACK, lease=""),
    ],
)
def test_a_version_that_serves_or_is_in_a_run_keeps_its_pods(bench: Bench, record: Any) -> None:
    bench.router.write(replace(FAILED, phase=Phase.PREPARING))
    bench.router.write(record)
    wait(bench, LONG_S)
    assert (pods(bench, NEW), pods(bench, OLD)) == (2, 2)


@pytest.mark.parametrize("name", [PLAIN, LISTS.shielded, LISTS.failover])
def test_a_version_that_somebody_leads_requests_to_keeps_its_pods(bench: Bench, name: str) -> None:
    fail(bench)
    member = {"kind": "Service", "name": f"podinfo-{NEW}-fallback", "port": 80, "weight": 1}
    if name == LISTS.failover:
        marks = {"name": name, "annotations": {OWNER: "me"}}
        bench.server.put(LISTS.collection, {"metadata": marks, "spec": {"failover": member}})
    else:
        bench.server.edit(LISTS.path(name), {"spec": {"weighted": {"services": [member]}}})
    wait(bench, LONG_S)
    assert pods(bench, NEW) == 2


def test_a_version_that_callers_inside_the_cluster_use_keeps_its_pods(bench: Bench) -> None:
    fail(bench)
    bench.server.edit(f"{SERVICES}/podinfo", {"spec": {"selector": bench.selector(NEW)}})
    wait(bench, LONG_S)
    assert pods(bench, NEW) == 2


def test_somebody_elses_deployment_of_that_name_is_not_stopped(bench: Bench) -> None:
    fail(bench)
    marks = {"metadata": {"annotations": {OWNER: "them"}}}
    bench.server.edit(f"{DEPLOYMENTS}/podinfo-{NEW}", marks)
    wait(bench, LONG_S)
    assert pods(bench, NEW) == 2


def test_another_failure_of_the_version_has_a_time_of_its_own(bench: Bench) -> None:
    fail(bench)
    wait(bench, FAILED_TTL_S - 60.0)
    bench.router.write(replace(FAILED, run="r2"))
    bench.pass_(32.0)
    wait(bench, FAILED_TTL_S - 60.0)
    assert pods(bench, NEW) == 2
    wait(bench, 180.0)
    assert pods(bench, NEW) == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_begins_in_that_moment_has_its_pods(bench: Bench, when: str) -> None:
    """It claims and scales just before the guard does, or found enough pods and scales nothing."""
    fail(bench)

    def begin() -> None:
        if bench.record.run == "r1":
            bench.router.write(replace(FAILED, run="r2", phase=Phase.PREPARING, lease=""))
            scale = {"spec": {"replicas": 3 if when == "before" else 2}}
            bench.server.edit(f"{DEPLOYMENTS}/podinfo-{NEW}", scale)

    bench.station.api = Meddling(bench.station.api, before=begin, method="PATCH")
    wait(bench, LONG_S)
    assert bench.record.run == "r2"
    assert pods(bench, NEW) == (3 if when == "before" else 2)


def test_a_version_that_was_deleted_or_may_not_be_touched_is_no_lasting_trouble(
    bench: Bench,
) -> None:
    fail(bench)
    refused = Fault(path=f"deployments/podinfo-{NEW}", status=403, times=100_000)
    bench.server.faults.append(refused)
    wait(bench, LONG_S)
    assert bench.station.health.errors == 1
    bench.server.faults.clear()
    bench.server.objects.delete(f"{DEPLOYMENTS}/podinfo-{NEW}", {})
    bench.patrol = bench.guard()
    wait(bench, LONG_S)
    assert bench.station.health.errors == 0


def test_a_stop_that_was_refused_for_a_while_is_made_up_for(bench: Bench) -> None:
    fail(bench)
    bench.server.faults.append(Fault(method="PATCH", status=503, times=2))
    wait(bench, LONG_S)
    assert pods(bench, NEW) == 0


# Leases.


def left(bench: Bench, name: str, *, renewed_s: float, owner: str = "me") -> str:
    """A Lease whose driver is dead; its path."""
    form = LeaseForm(namespace="test", name=name, owner=owner, holder="somebody")
    bench.server.put(form.collection, form.body(["r8"], acquired_s=1.0, renewed_s=renewed_s))
    return form.path


def there(bench: Bench) -> list[str]:
    return [path for path in bench.server.objects.by_path if "/leases/" in path]


def test_an_old_lease_of_a_dead_driver_is_deleted(bench: Bench) -> None:
    bench.now_s += LEASE_TTL_S
    old = left(bench, "canary-old", renewed_s=bench.now_s - LEASE_TTL_S)
    new = left(bench, "canary-new", renewed_s=bench.now_s - LEASE_TTL_S / 2)
    theirs = left(bench, "canary-theirs", renewed_s=1.0, owner="them")
    assert there(bench) == [old, new, theirs]
    bench.pass_(60.0)
    assert there(bench) == [new, theirs]


def test_a_living_drivers_lease_is_kept_whatever_its_clock_says(bench: Bench) -> None:
    bench.skip(2 * LEASE_TTL_S)
    path = left(bench, "canary-behind", renewed_s=1.0)
    for second in range(40):
        bench.server.edit(path, {"spec": {"renewTime": f"1999-01-01T00:00:{second:02}.000000Z"}})
        bench.pass_(2.0)
    assert there(bench) == [path]


def test_a_lease_that_a_run_under_way_names_is_kept(bench: Bench) -> None:
    """Its weights stay, since the primary has no pods: it is not over."""
    bench.run_at(30)
    bench.endpoints(OLD, 0)
    wait(bench, 2 * LEASE_TTL_S)
    assert len(there(bench)) == 1
    bench.endpoints(OLD, 2)
    bench.pass_(60.0)
    bench.demand_restored()
    assert there(bench) == []


def test_a_lease_that_tells_no_time_is_kept(bench: Bench) -> None:
    path = left(bench, "canary-odd", renewed_s=1.0)
    bench.server.edit(path, {"spec": {"renewTime": "yesterday"}})
    wait(bench, 2 * LEASE_TTL_S)
    assert there(bench) == [path]


def test_a_driver_that_renews_in_that_moment_keeps_its_lease(bench: Bench) -> None:
    bench.skip(2 * LEASE_TTL_S)
    path = left(bench, "canary-old", renewed_s=1.0)
    renewed = {"spec": {"renewTime": "2999-01-01T00:00:00.000000Z"}}
    meddle = Meddling(
        bench.station.api, before=lambda: bench.server.edit(path, renewed), method="DELETE"
    )
    bench.station.api = meddle
    bench.pass_(60.0)
    assert there(bench) == [path]
    assert bench.station.health.errors == 0
