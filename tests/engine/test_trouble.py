"""What becomes of a run when the API server fails, refuses, or loses a write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.record import Phase, Record
from canary.core.seen import Live
from canary.errors import ClusterError, ConflictError, PortError, TraefikError
from tests.core.timeline import PLAN
from tests.engine.world import BAD, NEW, OLD, World, refuse
from tests.fakes.router import FakeRouter

DOWN = ClusterError("the API server did not answer", retryable=True)


@pytest.mark.parametrize("at_s", [0.0, 1.0, 2.0, 5.0, 12.0, 15.0, 22.5, 25.0, 32.5])
@pytest.mark.parametrize("faults", [1, 4])
def test_short_outages_of_the_api_server_are_waited_out(at_s: float, faults: int) -> None:
    world = World()
    world.at(at_s, lambda: world.traffic.faults.extend([DOWN] * faults))
    assert world.outcome() == "Succeeded"
    assert world.routed == {NEW: 100}


def test_a_lost_answer_of_a_write_is_no_conflict() -> None:
    world = World()
    world.at(5.0, lambda: setattr(world.traffic, "lost", 1))
    assert world.outcome() == "Succeeded"


def test_an_api_server_that_refuses_ends_the_run() -> None:
    """Forbidden does not heal; by the time of the restore it is allowed again."""
    world = World()
    forbidden = ClusterError("pods is forbidden (403)", status=403)
    world.at(15.0, lambda: world.fleet.faults.append(forbidden))
    assert world.outcome().startswith("Rejected: podinfo:b: pods is forbidden (403); all traffic")
    assert world.routed == {OLD: 100}


def test_a_refusal_while_preparing_touches_nothing() -> None:
    world = World()
    world.at(1.0, lambda: world.fleet.faults.append(ClusterError("forbidden", status=403)))
    assert world.outcome() == "Rejected: podinfo:b: forbidden; podinfo:a kept all traffic"
    assert world.routed == {OLD: 100}


def test_a_restore_is_tried_for_as_long_as_the_run_may_last() -> None:
    world = World(new=BAD)
    world.at(22.0, lambda: world.traffic.faults.extend([DOWN] * 500))
    text = world.outcome()
    assert "request-success-rate" in text
    assert text.endswith("all traffic is back on podinfo:a after 249.2 s")
    assert world.routed == {OLD: 100}


@pytest.mark.parametrize("why", [DOWN, ClusterError("forbidden (403)", status=403)])
def test_a_restore_that_cannot_be_written_is_said_beside_the_cause(why: ClusterError) -> None:
    world = World(new=BAD)
    world.at(22.0, lambda: world.traffic.faults.extend([why] * 9999))
    text = world.outcome(replace(PLAN, max_duration_s=120.0))
    assert text.endswith(f"; restoring failed: {why}")
    assert world.report.restore_s is None
    assert world.clock.now_s() < 60 + 120 + 15


def test_an_interrupted_run_does_not_try_for_ever() -> None:
    world = World()
    world.at(15.0, lambda: world.traffic.faults.extend([DOWN] * 9999))
    world.at(15.0, world.driver.interrupt)
    assert world.outcome().endswith("interrupted; restoring failed: the API server did not answer")
    assert world.clock.now_s() < 60 + 15 + 75


def test_a_shift_that_cannot_be_written_rolls_back() -> None:
    world = World()
    refused = ConflictError("somebody else wrote")
    world.at(2.0, lambda: setattr(world.traffic, "faults", []))

    def refuse() -> None:
        world.traffic.faults.append(refused)

    world.at(12.0, refuse)
    text = world.outcome()
    assert "somebody else wrote" in text
    assert world.routed == {OLD: 100}


def test_an_apex_that_cannot_be_flipped_rolls_back() -> None:
    world = World()
    world.at(30.0, lambda: world.apex.faults.append(ConflictError("the apex is not ours")))
    text = world.outcome()
    assert "the apex is not ours" in text
    assert world.routed == {OLD: 100}
    assert world.apex.selected == OLD


def test_a_canary_that_cannot_be_stopped_does_not_hide_the_reason() -> None:
    world = World(new=BAD)
    world.at(22.05, lambda: world.fleet.faults.extend([]))
    original = world.fleet.scale

    def scale(version: str, replicas: int) -> None:
        if replicas == 0:
            raise PortError("scaling is forbidden")
        original(version, replicas)

    world.fleet.scale = scale  # type: ignore[method-assign]
    assert "request-success-rate" in world.outcome()
    assert "could not tidy up: scaling is forbidden" in world.journal.transcript[-1]


def test_pods_that_cannot_be_started_end_the_run() -> None:
    world = World()
    world.fleet.faults.append(ClusterError("exceeded quota (403)", status=403))
    assert (
        world.outcome() == "Rejected: podinfo:b: exceeded quota (403); podinfo:a kept all traffic"
    )
    assert world.report.outcome == "rejected"
    assert world.traffic.record is not None
    assert world.traffic.record.phase is Phase.FAILED


def test_a_first_version_without_an_apex_service_is_told() -> None:
    world = World(first=True)
    missing = ClusterError("Service podinfo does not exist", status=404)
    world.at(0.5, lambda: world.apex.faults.append(missing))
    assert "Service podinfo does not exist; nothing serves yet" in world.outcome()
    assert world.traffic.plain == {}
    assert world.report.outcome == "rejected"


def test_a_missing_apex_service_does_not_stop_a_restore() -> None:
    """It names no canary, so there is nothing to point back."""
    world = World(new=BAD)
    world.at(15.0, lambda: setattr(world.apex, "selected", ""))
    assert world.outcome().endswith("all traffic is back on podinfo:a after 0.1 s")
    assert world.apex.flips == [OLD]


def test_a_note_that_cannot_be_written_does_not_end_a_good_run() -> None:
    world = World()
    refused = ClusterError("the webhook of somebody refused it", status=500)
    refuse(world, Phase.SOAKING, refused)
    assert world.outcome() == "Succeeded"
    said = [line for _, line in world.journal.lines]
    assert f"the record still says Promoting: {refused}" in said


def test_a_promotion_that_is_half_written_is_taken_back() -> None:
    """The apex is flipped already when the record turns out to be refused."""
    world = World()
    refuse(world, Phase.SUCCEEDED, ConflictError("somebody else wrote"))
    text = world.outcome()
    assert "somebody else wrote; all traffic is back on podinfo:a" in text
    assert world.apex.flips == [OLD, NEW, OLD]
    assert world.routed == {OLD: 100}


def test_a_conflict_does_not_keep_traffic_on_a_bad_version() -> None:
    world = World(new=BAD)
    refuse(world, Phase.ROLLING_BACK, *[ConflictError("somebody else wrote")] * 3)
    assert world.outcome().endswith("all traffic is back on podinfo:a after 2.2 s")
    assert world.routed == {OLD: 100}


def test_pods_are_not_stopped_while_traefik_still_routes_to_them() -> None:
    world = World(new=BAD)

    class Lagging(FakeRouter):
        def live(self, record: Record) -> Live:
            now = super().live(record)
            closed = record.phase is Phase.FAILED
            return replace(now, versions=now.versions | {NEW}) if closed else now

    world.router = Lagging
    assert "request-success-rate" in world.outcome()
    assert (NEW, 0) not in world.fleet.scaled
    assert "could not tidy up: Traefik still routes to the canary" in world.journal.transcript[-1]


@pytest.mark.parametrize("silent", [{Phase.PROGRESSING}, {Phase.SUCCEEDED}])
def test_a_traefik_that_does_not_answer_is_asked_again(silent: set[Phase]) -> None:
    world = World()
    silences = [TraefikError("Traefik did not answer", retryable=True)] * 6

    class Silent(FakeRouter):
        def live(self, record: Record) -> Live:
            if silences and record.phase in silent:
                raise silences.pop()
            return super().live(record)

    world.router = Silent
    assert world.outcome() == "Succeeded"
    assert not silences


def test_pods_that_cannot_be_seen_for_a_moment_are_no_breach() -> None:
    world = World()
    world.at(15.0, lambda: world.fleet.faults.extend([DOWN] * 5))
    assert world.outcome() == "Succeeded"
    assert not world.fleet.faults
