"""Bad releases: stopped with one line of reason; users of what can be repeated do not notice."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.answers import Answers
from tests.e2e.prober import PATIENCE_S
from tests.e2e.project import Result
from tests.e2e.settings import GOOD, MISSING, PODINFO, TESTAPP, echo_app, merged
from tests.e2e.world import World

pytestmark = pytest.mark.bed

STRICT: dict[str, Any] = {"analysis": {"interval": "3s", "stepWeights": [30, 50, 70]}}
# Time enough to learn why: that no image came is known before that no probe passed.
IMPATIENT: dict[str, Any] = {"progressDeadlineSeconds": 8}
UNPROBED: dict[str, Any] = {"progressDeadlineSeconds": 12}
LONG: dict[str, Any] = {"analysis": {"interval": "3s", "stepWeight": 5, "stepWeights": None}}
ERRORS, SLOW = f"{PODINFO}:6.9.2-errors", f"{PODINFO}:6.9.2-slow"
UNREADY, CRASH = f"{PODINFO}:6.9.2-unready", f"{PODINFO}:6.9.2-crash"
HANGS = f"{TESTAPP}:hangs"
# Whichever comes first: evidence that is looked at every second, against the primary or against the
# bound, or the bound at a bake's end.
OVERWHELMING = r"\d+ of \d+ canary requests failed \(.*\)( while \d+ of |, where 1 % may)"
BELOW_BOUND = r"request-success-rate [\d.]+ % of \d+ requests \(min 99 %\); primary 100 % of \d+"


@dataclass(kw_only=True)
class Release:
    """What a release came to, for its users and for who made it."""

    result: Result = field(init=False)
    answers: Answers = field(init=False)
    steps: list[int] = field(init=False)

    @property
    def reason(self) -> str:
        """The one line that says why."""
        (reason,) = self.result.reasons
        return reason


def released(
    world: World, good: str, bad: str, changes: dict[str, Any], patience_s: float = PATIENCE_S
) -> Release:
    """Deploy `good`, then release `bad`, which must be stopped without a trace on the primary."""
    world.write(good, changes)
    world.project.up()
    primary = world.record().primary
    pods, members = world.pods(primary), world.members()
    world.write(bad, changes)
    release = Release()
    with world.weights() as weights, world.probe().patient(patience_s) as users:
        release.result = world.project.up(fails=True)
    release.answers, release.steps = users.answers(), weights.steps()
    assert "Traceback" not in release.result.text
    assert release.reason.startswith(f"error: Rejected: {bad}: ")
    assert world.members() == members
    assert (world.apex_version(), world.record().primary) == (primary, primary)
    assert world.pods(primary) == pods
    return release


def test_errors_are_rolled_back(world: World) -> None:
    release = released(world, GOOD, ERRORS, STRICT)
    assert re.search(f"{OVERWHELMING}|{BELOW_BOUND}", release.reason)
    assert "all traffic is back on " in release.reason
    assert release.steps[1] == 30
    release.answers.assert_none_failed()


def test_slowness_is_rolled_back(world: World) -> None:
    bound = {"name": "request-duration", "thresholdRange": {"max": 500}}
    changes = merged(STRICT, {"analysis": {"metrics": [bound]}})
    release = released(world, GOOD, SLOW, changes)
    assert "500 ms" in release.reason
    assert release.steps == [0, 30, 0]
    release.answers.assert_none_failed()


def test_a_version_that_never_gets_ready_gets_no_traffic(world: World) -> None:
    release = released(world, GOOD, UNREADY, UNPROBED)
    assert "not ready within 12 s: 0 of 2 pods ready: " in release.reason
    assert "503" in release.reason
    assert release.steps == [0]
    release.answers.assert_none_failed()


def test_an_image_that_does_not_exist_gets_no_traffic(world: World) -> None:
    release = released(world, GOOD, MISSING, IMPATIENT)
    assert "not ready within 8 s: 0 of 2 pods ready: " in release.reason
    assert "ImagePull" in release.reason
    assert release.steps == [0]
    release.answers.assert_none_failed()


def test_a_crash_under_traffic_is_rolled_back(world: World) -> None:
    release = released(world, GOOD, CRASH, LONG)
    assert re.search(f"{OVERWHELMING}|container podinfo exited", release.reason)
    assert max(release.steps) > 0
    release.answers.assert_none_failed()


def test_a_canary_that_hangs_is_rolled_back(world: World) -> None:
    service = echo_app("1", world.namespace, world.host)
    changes = {**STRICT, "service": service["service"], "probes": service["probes"]}
    # Were users to give up, those requests would end, and speak against it in other words.
    release = released(world, f"{TESTAPP}:1", HANGS, changes, patience_s=60)
    assert "answered 0 of about " in release.reason
    assert release.steps == [0, 30, 0]
