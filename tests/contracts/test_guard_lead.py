"""Several guards: all of them watch, one acts, and its death with the driver's costs no time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canary.guard.lead import LEAD_S
from canary.guard.patrol import Patrol
from tests.contracts.guarding import EVENTS, Bench
from tests.contracts.routing import api_world
from tests.fakes.cluster import Fault

LEASES = "/apis/coordination.k8s.io/v1/namespaces/test/leases"
LEASE = f"{LEASES}/canary-guard-1"


class Guards:
    """Two of them over one API server, the first of which looks first."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        labels = {"app.kubernetes.io/managed-by": "canary"}
        bench.server.put(LEASES, {"metadata": {"name": "canary-guard-1", "labels": labels}})
        self.first = bench.guard(LEASE, "a")
        self.second = bench.guard(LEASE, "b")

    def pass_(self, seconds: float, *guards: Patrol, alive: bool = False) -> None:
        """Time in which these look, the second of them a second later."""
        for _ in range(round(seconds / 2)):
            for guard in guards:
                self.bench.skip(2.0 / len(guards))
                if alive:
                    self.bench.heartbeat.beat()
                    self.bench.keeper._renew()
                guard.look()

    @property
    def holder(self) -> str:
        return str(self.bench.server.objects.read(LEASE)["spec"]["holderIdentity"])


@pytest.fixture
def guards() -> Iterator[Guards]:
    with api_world() as world:
        bench = Bench(world)
        yield Guards(bench)
        bench.heartbeat.close()


def test_one_leads_and_the_other_only_reads(guards: Guards) -> None:
    bench, first, second = guards.bench, guards.first, guards.second
    bench.run_at(30)
    guards.pass_(20.0, first, second, alive=True)
    assert (guards.holder, first.lead.leads, second.lead.leads) == ("a", True, False)
    assert "canary_guard_leading 1" in first.station.health.metrics(bench.now_s)
    assert second.station.health.runs == 1
    guards.pass_(4.0, first, alive=True)
    bench.writes()
    second.look()
    assert not bench.writes()


def test_the_one_that_leads_restores(guards: Guards) -> None:
    guards.bench.run_at(30)
    guards.pass_(14.0, guards.first, guards.second)
    guards.bench.demand_restored()
    assert len(guards.bench.server.objects.items(EVENTS, "", "")) == 1
    assert (guards.first.station.health.restores, guards.second.station.health.restores) == (1, 0)


@pytest.mark.parametrize("after_s", [0.0, 1.0])
def test_when_the_leader_dies_with_the_driver_all_is_restored_in_time(
    guards: Guards, after_s: float
) -> None:
    """The other one was watching all the time."""
    guards.bench.run_at(30)
    guards.pass_(20.0, guards.first, guards.second, alive=True)
    died_s = guards.bench.now_s
    guards.bench.skip(after_s)
    while guards.bench.record.run == "r1":
        guards.pass_(2.0, guards.second)
        assert guards.bench.now_s - died_s < 14.0
    guards.bench.demand_restored()
    assert guards.holder == "b"


def test_who_took_over_finishes_what_the_other_began(guards: Guards) -> None:
    guards.bench.run_beside_baseline(30)
    guards.pass_(14.0, guards.first, guards.second)
    guards.bench.demand_restored()
    assert guards.bench.baselines
    guards.pass_(20.0, guards.second)
    assert guards.bench.baselines == []


def test_one_that_was_stopped_for_a_while_follows_when_it_wakes_up(guards: Guards) -> None:
    guards.pass_(4.0, guards.first, guards.second)
    guards.pass_(LEAD_S + 4.0, guards.second)
    assert guards.holder == "b"
    guards.pass_(20.0, guards.first, guards.second)
    assert (guards.holder, guards.first.lead.leads) == ("b", False)


def test_one_that_ends_in_order_is_followed_at_once(guards: Guards) -> None:
    guards.pass_(4.0, guards.first, guards.second)
    guards.first.lead.release()
    guards.pass_(2.0, guards.second)
    assert guards.holder == "b"
    guards.first.lead.release()  # and takes nothing from its successor
    assert guards.holder == "b"


def test_of_two_that_take_it_at_once_one_does(guards: Guards) -> None:
    guards.pass_(4.0, guards.second)
    guards.bench.skip(60.0)
    guards.bench.server.faults.append(Fault(method="PUT", path=LEASE, status=409))
    guards.pass_(LEAD_S + 4.0, guards.first)
    assert guards.holder == "a"


@pytest.mark.parametrize("status", [403, 404])
def test_without_a_lease_or_a_right_to_it_each_acts(guards: Guards, status: int) -> None:
    guards.bench.run_at(30)
    guards.bench.server.faults.append(Fault(path=LEASE, status=status, times=100_000))
    guards.pass_(14.0, guards.second)
    guards.bench.demand_restored()


def test_while_nobody_answers_nobody_leads(guards: Guards) -> None:
    guards.pass_(4.0, guards.first)
    guards.bench.server.faults.append(Fault(path=LEASE, status=503))
    guards.pass_(2.0, guards.first)
    assert not guards.first.lead.leads
    guards.pass_(2.0, guards.first)
    assert guards.first.lead.leads
