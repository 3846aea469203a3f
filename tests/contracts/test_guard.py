"""What the guard does over a fake API server, and above all what it does not."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from canary.adapters.process.heartbeat import LeaseHeartbeat
from canary.adapters.process.lease import RUNS, sign_of
from canary.adapters.routes.apex import ApexService
from canary.adapters.routes.lists import OWNER, RECORD, RUN
from canary.core.holding import LEASE_S
from canary.core.record import Phase, Record
from canary.errors import ConflictError, LapsedError
from canary.guard import decisions
from canary.guard.alerts import Alerts
from canary.guard.api import Api
from canary.guard.errors import ApiError
from canary.guard.lead import Lead
from canary.guard.patrol import Patrol
from canary.guard.station import Station
from tests.contracts.claiming import claim_of
from tests.contracts.guarding import EVENTS, FAILOVER, PLAIN, SERVICES, SHIELDED, Bench, Meddling
from tests.contracts.routing import LISTS, NEW, OLD, REST, at
from tests.fakes.cluster import FakeCluster, Fault


def test_both_sides_mean_the_same_by_the_same_names() -> None:
    assert (decisions.OWNER, decisions.RECORD, decisions.RUN) == (OWNER, RECORD, RUN)
    assert (decisions.RUNS, decisions.EXPIRY_S) == (RUNS, LEASE_S)
    lease = {"metadata": {"annotations": {RUNS: "r1 r2"}}, "spec": {"renewTime": "now"}}
    for run in ("r1", "r2", "r"):
        assert decisions.beats(lease).get(run, "") == sign_of(lease, run).beat
    for phase in Phase:
        record = Record(owner="me", phase=phase)
        assert decisions.is_unfinished(json.loads(record.to_json())) is record.unfinished


@pytest.mark.parametrize(
    ("weight", "phase"),
    [(0, Phase.PREPARING), (30, Phase.PROGRESSING), (100, Phase.PROMOTING), (100, Phase.SOAKING)],
)
def test_what_a_dead_driver_left_is_restored_within_fifteen_seconds(
    bench: Bench, weight: int, phase: Phase
) -> None:
    bench.run_at(weight, phase)
    bench.pass_(20.0, alive=True)
    bench.pass_(8.0)
    assert bench.record.run == "r1"
    bench.pass_(6.0)
    bench.demand_restored()
    (event,) = bench.server.objects.items(EVENTS, "", "")
    assert event["reason"] == "Restored"
    assert event["message"].endswith(f"in {phase} at {weight} %; all traffic is back on podinfo:1")


class Slow(Api):
    """Every answer takes a while, by the guard's clock."""

    def __init__(self, bench: Bench, seconds: float) -> None:
        super().__init__(url=bench.server.url, token=lambda: "valid")
        self._bench, self._seconds = bench, seconds

    def call(self, method: str, path: str, body: Any = None) -> Any:
        self._bench.skip(self._seconds)
        return super().call(method, path, body)


def test_many_apps_of_a_dead_driver_are_restored_while_the_api_server_is_slow(
    bench: Bench,
) -> None:
    """The first ones must not keep the guard so long that it takes its own pause for an outage."""
    apps = [f"app{number}" for number in range(8)]
    bench.station.api = Slow(bench, 0.05)
    record = bench.run_at(30)
    for app in apps:
        router = bench.world.router(replace(LISTS, app=app))
        router.write(replace(record, phase=Phase.PREPARING, weight_percent=0))
        router.write(record)
        bench.endpoints(OLD, 2, app=app)
    bench.pass_(4.0, alive=True)
    died_s = bench.now_s
    while bench.now_s - died_s < 14.0:
        bench.pass_(2.0)
    for app in apps:
        members = bench.body(app)["spec"]["weighted"]["services"]
        assert [(one["name"], one["weight"]) for one in members] == [(f"{app}-{OLD}", 100)]


def test_copies_of_requests_that_a_dead_driver_left_are_stopped(bench: Bench) -> None:
    bench.run_mirrored()
    bench.pass_(20.0, alive=True)
    assert bench.record.mirror_percent == 50
    bench.pass_(14.0)
    bench.demand_restored()


def test_an_apex_that_was_flipped_is_flipped_back(bench: Bench) -> None:
    bench.run_at(100, Phase.SOAKING)
    bench.server.edit(f"{SERVICES}/podinfo", {"spec": {"selector": bench.selector(NEW)}})
    bench.pass_(14.0)
    bench.demand_restored()


def test_a_living_run_and_an_app_at_rest_are_only_read(bench: Bench) -> None:
    bench.run_at(30)
    bench.writes()
    for _ in range(30):
        bench.pass_(2.0, alive=True)
        assert {call for call in bench.writes() if "leases" not in call} == set()
    bench.router.write(replace(REST, run="r1"))
    bench.writes()
    bench.pass_(60.0)
    assert bench.writes() == []


def test_a_loop_that_hangs_is_dead_although_its_process_renews(bench: Bench) -> None:
    bench.run_at(30)
    other = LeaseHeartbeat(bench.keeper, "r2")
    other.begin()
    for _ in range(14):
        other.beat()
        bench.now_s += 2.0
        bench.keeper._renew()
        bench.patrol.look()
    bench.demand_restored()
    other.close()


def test_traffic_never_goes_to_a_primary_without_ready_endpoints(bench: Bench) -> None:
    bench.run_at(30)
    bench.endpoints(OLD, 0)
    bench.pass_(30.0)
    assert bench.record.run == "r1"
    (event,) = bench.server.objects.items(EVENTS, "", "")
    assert event["reason"] == "Kept"
    assert "the weights stay, because the primary has no ready pod" in event["message"]
    bench.endpoints(OLD, 1)
    bench.pass_(2.0)
    bench.demand_restored()


def test_when_nothing_is_ready_the_primary_gets_everything_all_the_same(bench: Bench) -> None:
    bench.run_at(30)
    bench.endpoints(OLD, 0)
    bench.endpoints(NEW, 0)
    bench.pass_(14.0)
    bench.demand_restored()


def test_after_an_outage_of_the_api_server_it_waits_one_full_expiry_again(bench: Bench) -> None:
    bench.run_at(30)
    bench.pass_(8.0)
    bench.server.faults.append(Fault(status=503, times=100_000))
    bench.pass_(30.0)
    bench.server.faults.clear()
    bench.pass_(10.0)
    assert bench.record.run == "r1"
    bench.pass_(4.0)
    bench.demand_restored()


def test_a_driver_that_comes_back_in_the_last_moment_keeps_its_run(bench: Bench) -> None:
    """The swap of the plain list decides, whoever was first to think that it may write."""
    record = bench.run_at(30)
    bench.pass_(10.0)
    moment = threading.Event()

    def come_back() -> None:
        if not moment.is_set():
            moment.set()
            bench.heartbeat.resume()
            bench.router.route()
            bench.router.write(replace(record, phase=Phase.ROLLING_BACK, weight_percent=0))

    bench.station.api = Meddling(bench.station.api, before=come_back)
    bench.pass_(2.0)
    assert moment.is_set()
    assert bench.record.run == "r1"
    assert bench.record.phase is Phase.ROLLING_BACK
    bench.pass_(8.0)
    assert bench.record.run == "r1"


def test_a_driver_that_slept_fails_at_whatever_it_had_begun(bench: Bench) -> None:
    bench.run_at(30)
    cluster = bench.server.connect()
    cluster.fence(bench.heartbeat.demand)
    seen = {name: bench.body(name) for name in (PLAIN, SHIELDED, FAILOVER)}
    service = bench.server.objects.read(f"{SERVICES}/podinfo")
    bench.pass_(14.0)
    bench.demand_restored()
    unfenced = bench.server.connect()  # a request that was on its way when the process was stopped
    for name in (PLAIN, SHIELDED):
        with pytest.raises(ConflictError):
            unfenced.replace(LISTS.path(name), seen[name])
    with pytest.raises(ConflictError):
        unfenced.replace(f"{SERVICES}/podinfo", service)
    with pytest.raises(LapsedError):
        cluster.replace(f"{SERVICES}/podinfo", service)
    claim = claim_of(cluster)
    apex = ApexService(cluster, app="podinfo", namespace="test", owner="me", claim=claim)
    with pytest.raises(ConflictError, match="run guard-r1 took over; nothing more is written"):
        apex.point_to(NEW)
    with pytest.raises(ConflictError, match=r"were changed to 100 .* by canary-guard"):
        bench.router.write(at(50))
    bench.demand_restored()


def test_a_newer_run_is_never_written_over(bench: Bench) -> None:
    """It begins between the guard's first write and its second."""
    bench.run_at(30)
    bench.pass_(10.0)
    newer = replace(at(0), run="r2", phase=Phase.PREPARING)

    def begin_anew() -> None:
        if bench.record.run == "guard-r1":
            router = bench.world.router()
            router.route()
            router.write(newer)

    bench.station.api = Meddling(bench.station.api, after=begin_anew)
    bench.pass_(6.0)
    assert bench.record.run == "r2"
    assert bench.body(SHIELDED)["metadata"]["annotations"][RUN] == "r2"


def test_a_restore_that_was_cut_short_is_finished_by_the_next_guard(bench: Bench) -> None:
    bench.run_at(30)
    bench.server.faults.append(Fault(method="PUT", path=SHIELDED, status=500, times=2))
    bench.pass_(12.0)
    assert bench.record.run == "guard-r1"
    assert bench.body(SHIELDED)["metadata"]["annotations"][RUN] == "r1"
    bench.patrol = bench.guard()
    bench.pass_(4.0)
    bench.demand_restored()
    bench.server.edit(LISTS.path(SHIELDED), {"metadata": {"labels": {"by": "hand"}}})
    bench.patrol = bench.guard()
    bench.writes()
    bench.pass_(4.0)
    assert bench.writes() == []


def test_a_restore_that_was_cut_short_leads_nobody_to_a_primary_that_died_since(
    bench: Bench,
) -> None:
    bench.run_at(30)
    bench.server.faults.append(Fault(method="PUT", path=SHIELDED, status=500, times=2))
    bench.pass_(12.0)
    before = bench.body(SHIELDED)["spec"]
    bench.endpoints(OLD, 0)
    bench.patrol = bench.guard()
    bench.pass_(4.0)
    assert bench.record.run == "guard-r1"
    assert bench.body(SHIELDED)["spec"] == before
    bench.endpoints(OLD, 1)
    bench.pass_(2.0)
    bench.demand_restored()


@pytest.mark.parametrize("change", [{"lease": ""}, {"owner": "x"}, {"primary": ""}, None])
def test_what_cannot_be_known_or_is_not_ours_is_left_alone(bench: Bench, change: Any) -> None:
    record = json.loads(bench.run_at(30).to_json())
    text = "nonsense" if change is None else json.dumps({**record, **change})
    owner = "another" if change and "owner" in change else "me"
    marks = {"metadata": {"annotations": {RECORD: text, OWNER: owner}}}
    bench.server.edit(LISTS.path(PLAIN), marks)
    bench.writes()
    bench.pass_(30.0)
    assert bench.writes() == []


def test_trouble_with_one_app_is_not_anothers(bench: Bench) -> None:
    bench.run_at(30)
    other = replace(LISTS, app="another")
    router = bench.world.router(other)
    router.write(replace(bench.record, weight_percent=0))
    router.write(bench.record)
    refused = Fault(method="PUT", path="services/another", status=403, times=100_000)
    bench.server.faults.append(refused)
    bench.pass_(14.0)
    assert not bench.patrol.look()
    bench.demand_restored()


def test_an_api_server_that_is_gone_is_an_error_not_an_end() -> None:
    with FakeCluster() as gone:
        url = gone.url
    api = Api(url=url, token=lambda: "valid")
    with pytest.raises(ApiError, match="no answer"):
        api.find("/version")
    station, alerts = Station(api=api, owner="me"), Alerts.of("[]", api)
    lead = Lead(station=station)
    assert not Patrol(station=station, namespaces=("test",), alerts=alerts, lead=lead).look()
