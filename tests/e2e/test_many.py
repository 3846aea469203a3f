"""Twelve apps in one update, at ten requests/s each: every canary gets the share that it should."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.answers import Answers
from tests.e2e.probes import Probe
from tests.e2e.settings import BETTER, GOOD, merged, podinfo
from tests.e2e.weights import Change, Weights
from tests.e2e.world import World

pytestmark = pytest.mark.bed

APPS = tuple(f"app{number:02}" for number in range(12))
RATE = 10.0
PLANNED = (25, 50)
BAKE_S = 20
NEW = "6.9.2-blue"
AT_ONCE = ("--parallel", "100")
SETTINGS: dict[str, Any] = {
    "replicas": 1,
    "soak": "4s",
    "progressDeadlineSeconds": 180,  # twelve pods start at once
    "analysis": {"interval": f"{BAKE_S}s", "stepWeights": list(PLANNED)},
}


def test_every_one_of_twelve_canaries_at_once_gets_its_share(world: World) -> None:
    _configure(world, GOOD)
    world.project.up(*AT_ONCE)
    before = {app: world.record(app).primary for app in APPS}
    _configure(world, BETTER)
    with ExitStack() as users, world.weights(APPS[0]) as weights:
        probes = {app: users.enter_context(_users(world, app)) for app in APPS}
        world.project.up(*AT_ONCE)
    moves = {app: _moves(weights, app) for app in APPS}
    assert all(world.record(app).primary != before[app] for app in APPS)
    _all_at_once(moves)
    shares = {app: _share(probes[app].answers(), moves[app]) for app in APPS}
    print({app: f"{share:.2f}" for app, share in shares.items()})
    assert all(share == pytest.approx(1, abs=0.2) for share in shares.values()), shares
    for app, probe in probes.items():
        failed = probe.answers().failed()
        assert not len(failed), f"{app}: {failed}"


def _configure(world: World, image: str) -> None:
    world.write_apps(
        {app: merged(podinfo(image, world.namespace, _host(world, app)), SETTINGS) for app in APPS}
    )


def _host(world: World, app: str) -> str:
    return f"{app}.{world.host}"


def _users(world: World, app: str) -> Probe:
    return world.probe(host=_host(world, app), rate=RATE)


def _moves(weights: Weights, app: str) -> list[Change]:
    """The first change with each weight of a canary, and the one that ended it."""
    found: list[Change] = []
    for change in weights.changes(app):
        assert change.record
        last = found[-1].record if found else None
        if change.record.weight_percent != (last.weight_percent if last else 0):
            found.append(change)
    steps = [change.record.weight_percent for change in found if change.record]
    assert steps == [*PLANNED, 100, 0], f"{app}: {steps}"
    return found


def _all_at_once(moves: dict[str, list[Change]]) -> None:
    """There was a moment at which every canary had users."""
    assert max(found[0].at for found in moves.values()) < min(
        found[-1].at for found in moves.values()
    )


def _share(answers: Answers, moves: list[Change]) -> float:
    """How many requests the canary answered for each that it should have, over all its weights.

    At each weight some 200 requests are counted. Were the split a matter of chance, a fifth more or
    less would be three standard deviations of the whole; Traefik's is exact between reloads.
    """
    expected = canary = 0.0
    for weight, asked in zip(PLANNED, _bakes(answers, moves), strict=False):
        assert len(asked) >= RATE * BAKE_S * 0.8
        expected += len(asked) * weight / 100
        canary += sum(answer.who == NEW for answer in asked.all)
    return canary / expected


def _bakes(answers: Answers, moves: list[Change]) -> Iterator[Answers]:
    """Those of each bake: so long before the next write every replica routed the last one."""
    for following in moves[1:]:
        until = following.written
        yield answers.between(until - BAKE_S, until).answered_before(until)
