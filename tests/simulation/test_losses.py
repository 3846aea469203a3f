"""What the cluster loses under a run: who is to blame is named, and nobody else is blamed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.record import Phase
from canary.core.seen import HookType
from canary.errors import ClusterError
from tests.core.timeline import PLAN
from tests.engine.world import NEW, OLD
from tests.fakes.hooks import Answer
from tests.simulation.calm import BAD, CALM, entries, serving
from tests.simulation.scenario import Happening, Scenario
from tests.simulation.world import SimulatedWorld

PATIENT = replace(PLAN, weights=(50,), poll_s=1.0, scrape_s=1.0, drain_s=5.0)
SLOW = replace(CALM, plan=PATIENT)
AT_S = 5.0  # in the middle of the first bake
OOM = "container podinfo exited 2 times, last with code 137 OOMKilled"
GONE = "rollout webhook load: its server (service test/flagger-loadtester) has no ready pod"


def lost(scenario: Scenario, happening: Happening) -> tuple[SimulatedWorld, str]:
    """The world after that, and what the update said."""
    world = SimulatedWorld(replace(scenario, happenings=((AT_S, happening),)))
    return world, world.outcome(PATIENT)


def test_a_canary_that_was_killed_for_its_memory_is_named_so() -> None:
    world = SimulatedWorld(SLOW)

    def kill() -> None:
        canary = world.fleet.versions[NEW]
        canary.ready, canary.exits, canary.trouble = 0, 2, OOM

    world.at(AT_S, kill)
    text = world.outcome(PATIENT)
    assert text.startswith(
        f"Rejected: podinfo:b: at 50 %: containers of the canary exited 2 times: {OOM}; "
    )
    assert "all traffic is back on podinfo:a after " in text
    assert serving(world) == OLD


def test_a_canary_whose_service_is_deleted_is_left_at_once_and_named_so() -> None:
    """Until its list names it no more, Traefik answers nobody."""
    world = SimulatedWorld(SLOW)

    def delete() -> None:
        canary = world.fleet.versions[NEW]
        canary.ready, canary.trouble = 0, "its Service podinfo-b was deleted"

    world.at(AT_S, delete)
    text = world.outcome(PATIENT)
    assert "at 50 %: no pod of the canary is ready: its Service podinfo-b was deleted; all " in text
    assert world.clock.now_s() < 60.0 + AT_S + 5.0
    assert serving(world) == OLD


def test_an_apex_service_that_is_deleted_ends_the_run_at_its_promotion() -> None:
    gone = ClusterError("Service podinfo does not exist; was it deleted by hand?", status=404)
    world = SimulatedWorld(SLOW)
    world.at(entries(SLOW)[Phase.SOAKING] + 1.0, lambda: world.apex.faults.append(gone))
    text = world.outcome(PATIENT)
    assert f"podinfo:b: {gone}; all traffic is back on podinfo:a after " in text
    assert serving(world) == OLD


def test_evicted_pods_of_both_versions_hold_the_run_and_blame_nobody() -> None:
    world, text = lost(SLOW, Happening.NODE_DRAINED)
    assert text == "Succeeded"
    said = [line for _, line in world.journal.lines]
    assert any("baking anew at 50 %: primary breaches too: " in line for line in said)
    assert any(" · the primary has no ready pod · " in line for line in said)
    assert world.report.failed_checks == 0
    assert serving(world) == NEW


@pytest.mark.parametrize("happening", [Happening.PRIMARY_BLINKS, Happening.PRIMARY_DIES])
def test_a_primary_without_pods_is_said_and_not_held_against_the_canary(
    happening: Happening,
) -> None:
    world, text = lost(SLOW, happening)
    assert text == "Succeeded"
    said = [line for _, line in world.journal.lines]
    assert any(" · the primary has no ready pod · " in line for line in said)
    assert serving(world) == NEW


def test_where_both_versions_fail_the_weight_stays_and_no_check_counts() -> None:
    """Neither is better: it is waited, and nothing goes back to where nobody answers."""
    world, text = lost(replace(SLOW, canary=BAD), Happening.PRIMARY_DIES)
    assert "inconclusive for 30 s: primary breaches too: " in text
    assert text.endswith("; the weights stay, because the primary has no ready pod")
    assert world.report.failed_checks == 0
    assert world.traffic.plain == {OLD: 50, NEW: 50}


def test_once_the_primary_is_back_a_bad_canary_is_blamed_for_its_own_failures() -> None:
    world, text = lost(replace(SLOW, canary=BAD), Happening.PRIMARY_BLINKS)
    assert "request-success-rate 0.0 % of 90 requests (min 99 %); primary 100 % of 90" in text
    assert "all traffic is back on podinfo:a after " in text
    assert serving(world) == OLD


def test_a_load_tester_that_is_gone_is_named_by_its_webhook() -> None:
    answers = {HookType.ROLLOUT: [Answer(), Answer(text=GONE)]}
    world = SimulatedWorld(replace(SLOW, hooks=answers))
    plan = replace(PATIENT, weights=(20, 50), hooks=frozenset({"rollout"}))
    text = world.outcome(plan)
    assert text.startswith(f"Rejected: podinfo:b: at 50 %: {GONE} (2 of 2 failed checks); ")
    assert serving(world) == OLD


def test_a_load_tester_that_is_back_in_time_costs_one_check() -> None:
    answers = {HookType.ROLLOUT: [Answer(), Answer(text=GONE), Answer()]}
    world = SimulatedWorld(replace(SLOW, hooks=answers))
    plan = replace(PATIENT, weights=(20, 50), hooks=frozenset({"rollout"}))
    assert world.outcome(plan) == "Succeeded"
    assert world.report.failed_checks == 1
