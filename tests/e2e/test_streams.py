"""What is not a short request: WebSockets, events, downloads, all through the shield."""

from __future__ import annotations

import hashlib
import itertools
import statistics
import uuid
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bed.testapp import CHUNK, LARGE_BYTES
from tests.e2e.scripts import Script
from tests.e2e.streams import EVERY_S, RANGE
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

SCRIPT = Path(__file__).with_name("streams.py")
WORST_S = 5.0  # what users wait; two cores carry several tests, and buffering shows in the median
LATE = 16  # who come at 50 %: by chance all of them meet one version in one of 30,000 runs
GATE = {
    "name": "all-seen",
    "type": "confirm-promotion",
    "url": "http://flagger-loadtester.canary-system/gate/halt",
}
PLAN: dict[str, Any] = {
    "analysis": {"interval": "2s", "stepWeights": [50], "webhooks": [GATE]},
    "soak": "2s",
    "drain": "3s",
}
BOTH = {("large", "1"), ("large", "2")}
LARGE = (CHUNK * (LARGE_BYTES // len(CHUNK) + 1))[:LARGE_BYTES]


def test_streams_and_downloads_pass_the_shield_while_a_release_runs(world: World) -> None:
    world.write_testapp("1", PLAN)
    world.project.up()
    world.write_testapp("2", PLAN)
    chats, feeds = _clients(world, "ws", 2), _clients(world, "sse", 2)
    late_chats, late_feeds = _clients(world, "ws", LATE), _clients(world, "sse", LATE)
    got = _clients(world, "downloads", 2)
    with world.probe(rate=30) as users, world.weights() as weights, chats, feeds:
        running = world.project.start_up()
        weights.await_weight(50)
        await_(lambda: "2" in users.answers().versions(), "requests to the canary", 60)
        with late_chats, late_feeds, got:
            await_(lambda: _loaded(got) >= BOTH, "downloads from both", 60)
            running.await_text("held at 50 %: waiting for confirm-promotion", 60)
            world.canary("approve", world.app, "-n", world.namespace, "--by", "ann")
            assert running.finish().code == 0
            promoted = world.record().moved_at
    for clients, versions in ((chats, {"1"}), (feeds, {"1"}), (late_chats, {"1", "2"})):
        _kept_on(clients, versions, until=promoted + 2.0)
    _kept_on(late_feeds, {"1", "2"}, until=promoted + 2.0)
    _prompt(chats, late_chats, feeds, late_feeds)
    _downloaded(got)
    users.answers().assert_none_failed()


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of streams.py."""

    kind: str
    client: int
    at: float
    version: str
    what: Any


class Clients(Script):
    """Clients of one kind."""

    def __init__(self, world: World, kind: str, count: int) -> None:
        whom = (kind, "--host", world.platform.traefik, "--name", world.host)
        file = world.directory / f"{kind}-{uuid.uuid4().hex[:6]}.jsonl"
        super().__init__(world.bed, SCRIPT, (*whom, f"--clients={count}"), file)
        self._count = count

    def begun(self) -> bool:
        return len(self.by_client()) == self._count

    def seen(self) -> list[Seen]:
        """Everything so far."""
        return [Seen(*row) for row in self.rows()]

    def by_client(self) -> dict[int, list[Seen]]:
        """Everything so far, client by client."""
        found: dict[int, list[Seen]] = defaultdict(list)
        for seen in self.seen():
            found[seen.client].append(seen)
        return found


def _loaded(clients: Clients) -> set[tuple[str, str]]:
    """What was delivered by whom."""
    return {(seen.kind, seen.version) for seen in clients.seen()}


def _clients(world: World, kind: str, count: int) -> Clients:
    return Clients(world, kind, count)


def _kept_on(clients: Clients, versions: set[str], until: float) -> None:
    """No session ended before the old version might go, and none at all on the new one."""
    assert {seen.version for seen in clients.seen()} == versions
    errors = [seen for seen in clients.seen() if seen.kind == "error"]
    assert [error for error in errors if error.version != "1" or error.at < until] == []
    for rows in clients.by_client().values():
        assert len({row.version for row in rows}) == 1
        assert rows[-1].at >= until - 1.0


def _prompt(chats: Clients, late_chats: Clients, feeds: Clients, late_feeds: Clients) -> None:
    """Echoes and events arrive when they are sent, not when some buffer is full."""
    echoes = [row.what for c in (chats, late_chats) for row in c.seen() if row.kind == "ws"]
    assert statistics.median(echoes) < EVERY_S
    assert max(echoes) < WORST_S
    for rows in (rows for c in (feeds, late_feeds) for rows in c.by_client().values()):
        events = [row for row in rows if row.kind == "sse"]
        assert [row.what for row in events] == list(range(len(events)))
        gaps = [after.at - before.at for before, after in itertools.pairwise(events)]
        assert EVERY_S / 2 < statistics.median(gaps) < 2 * EVERY_S
        assert max(gaps) < WORST_S


def _downloaded(clients: Clients) -> None:
    """Both versions delivered every byte, and just the bytes that were asked for."""
    found = clients.seen()
    assert _loaded(clients) >= BOTH
    assert {row.what for row in found if row.kind == "large"} == {hashlib.sha256(LARGE).hexdigest()}
    part = LARGE[RANGE[0] : RANGE[1] + 1].decode()
    assert {row.what for row in found if row.kind == "range"} == {part}
    assert not [row for row in found if row.kind == "error"]
