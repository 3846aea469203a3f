"""Session affinity, as clients with cookie jars see it: GET and POST meet one version."""

from __future__ import annotations

import itertools
import re
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scripts import Script
from tests.e2e.settings import merged
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

SCRIPT = Path(__file__).with_name("visitors.py")
COUNT = 40
BAKE_S = 4.0
LIVE = re.compile(r"20 % is live on every replica|\d s left")
Span = tuple[float, float]  # from when until when, unix s


def _plan(world: World) -> dict[str, Any]:
    """A cookie of which every part was chosen."""
    affinity = {
        "cookieName": "stay",
        "maxAge": 600,
        "secure": True,
        "httpOnly": True,
        "sameSite": "Strict",
        "domain": world.host,
        "path": "/echo",
    }
    weights = [20, 50]
    analysis = {"interval": f"{BAKE_S:g}s", "stepWeights": weights, "sessionAffinity": affinity}
    return {"analysis": analysis, "soak": "2s"}


def test_a_client_that_saw_the_canary_stays_on_it(world: World) -> None:
    plan = _plan(world)
    world.write_testapp("1", plan)
    world.project.up()
    world.write_testapp("2", plan)
    with world.probe(rate=1), Visitors(world) as visitors, world.weights() as weights:
        result = world.project.up()
        visitors.await_all("2")
    assert result.code == 0, result.text
    assert "affinity: cookie stay" in result.text
    promoted = weights.await_weight(100, 0).written
    spreads = [
        (weights.await_weight(20, 0).written, weights.await_weight(50, 0).written - BAKE_S),
        (promoted, weights.await_promotion(0).at),
    ]
    early = 0
    for visits in visitors.by_visitor().values():
        assert _versions(visits, spreads) == ["1", "2"], visits
        first = next(visit.answered for visit in visits if visit.who == "2")
        early += first < promoted
    assert 0 < early < COUNT
    assert not visitors.failed(), visitors.failed()
    _got_the_cookie(world, visitors)


def _got_the_cookie(world: World, visitors: Visitors) -> None:
    """Each got one for each version that it met, and Traefik set every part as it was told to."""
    wanted = {"Path=/echo", f"Domain={world.host}", "Max-Age=600", "HttpOnly", "Secure"}
    wanted |= {"SameSite=Strict"}
    for visits in visitors.by_visitor().values():
        given = [visit.cookie.split("; ") for visit in visits if visit.cookie]
        assert 1 <= len(given) <= 2, visits
        for value, *parts in given:
            assert value.startswith("stay=")
            assert set(parts) == wanted


def test_a_client_of_the_canary_is_back_after_a_rollback(world: World) -> None:
    plan = merged(_plan(world), {"analysis": {"interval": "2m"}})  # people take their time
    world.write_testapp("1", plan)
    world.project.up()
    world.write_testapp("2", plan)
    with world.probe(rate=1), Visitors(world) as visitors, world.weights() as weights:
        running = world.project.start_up()
        shifted = weights.await_weight(20).written
        await_(lambda: LIVE.search(running.text), "20 % on every replica", 60)
        steady = time.time()
        await_(lambda: visitors.met("2", steady), "somebody who stays on the canary", 60)
        world.canary("abort", world.app, "-n", world.namespace, "--by", "ann")
        result = running.finish()
        visitors.await_all("1")
    assert result.code != 0, result.text
    (reason,) = result.reasons
    assert "at 20 %: aborted by ann; all traffic is back on" in reason
    restored = weights.await_phase("RollingBack", 0).written
    spreads = [(shifted, steady), (restored, weights.await_phase("Failed", 0).at)]
    seen = [_versions(visits, spreads) for visits in visitors.by_visitor().values()]
    assert all(versions in (["1"], ["1", "2", "1"]) for versions in seen), seen
    assert ["1", "2", "1"] in seen
    assert not visitors.failed(), visitors.failed()


@dataclass(frozen=True, slots=True)
class Visit:
    """One line of visitors.py."""

    visitor: int
    sent: float
    answered: float
    method: str
    status: int
    who: str
    cookie: str


class Visitors(Script):
    """Clients with cookie jars."""

    def __init__(self, world: World) -> None:
        whom = ("--address", world.platform.traefik, "--host", world.host)
        options = (*whom, "--visitors", str(COUNT), "--every-s", "0.3")
        super().__init__(world.bed, SCRIPT, options, world.directory / "visitors.jsonl")

    def begun(self) -> bool:
        return len(self.by_visitor()) == COUNT

    def by_visitor(self) -> dict[int, list[Visit]]:
        """Everything so far, visitor by visitor."""
        found: dict[int, list[Visit]] = defaultdict(list)
        for row in self.rows():
            found[row[0]].append(Visit(*row))
        return found

    def await_all(self, who: str) -> None:
        """Return once everybody has asked anew, and met this version."""
        now = time.time()

        def all_met() -> bool:
            last = [visits[-1] for visits in self.by_visitor().values()]
            return all(visit.sent > now and visit.who == who for visit in last)

        await_(all_met, f"everybody on version {who}", 60)

    def met(self, who: str, since: float) -> bool:
        """Whether anybody who asked since then (unix s) met this version."""
        visits = itertools.chain.from_iterable(self.by_visitor().values())
        return any(visit.who == who and visit.sent > since for visit in visits)

    def failed(self) -> list[Visit]:
        """Visits that a user would complain about."""
        visits = itertools.chain.from_iterable(self.by_visitor().values())
        return [v for v in visits if v.status in {0, 404} or v.status >= 500]


def _versions(visits: list[Visit], spreads: list[Span]) -> list[str]:
    """Whom a visitor met, one after the other, but while Traefik got to know of a change.

    From when a list is written until every replica routes it, one of them has no canary in its list
    yet, or no old version any more, and cannot keep anyone there.
    """
    steady = (v for v in visits if all(v.answered < a or v.sent > z for a, z in spreads))
    return [who for who, _ in itertools.groupby(visit.who for visit in steady if visit.who)]
