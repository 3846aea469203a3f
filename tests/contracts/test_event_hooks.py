"""What hooks of type event are told over HTTP, and what is not waited for."""

from __future__ import annotations

import json
import threading
import time

import pytest

from canary.adapters.background import LIMIT
from canary.adapters.cluster.reach import Reach
from canary.adapters.outlets.eventhooks import EventHooks
from canary.adapters.outlets.hooks import Hook, Sender
from canary.core.seen import HookType
from tests.contracts.hooking import Pauses, hook
from tests.fakes.web import Received, Reply, Web, serving

GATE, EVENT = HookType.CONFIRM_PROMOTION, HookType.EVENT


def by_path(request: Received) -> Reply:
    return Reply(status=200 if request.path == "/open" else 403, body=b"closed")


def telling(web: Web, *paths: str, wall_s: float = 1700000000.5) -> EventHooks:
    hooks = [hook(web, path, name=path, type=EVENT, metadata={"team": "a"}) for path in paths]
    others = [hook(web, "/other", type=GATE)]
    sender = Sender(app="podinfo", namespace="test", reach=Reach(), pause=Pauses())
    return EventHooks([*others, *hooks], sender, "bbbbbbbbbb", lambda: wall_s)


def test_events_are_told_in_order_with_the_peers_payload() -> None:
    with serving(lambda _: Reply(status=204)) as web:
        told = telling(web, "/a", "/b")
        told.tell("Progressing", "5 % to the canary")
        told.tell("RollingBack", "roll back: bad", warning=True)
        assert told.finish(10.0) == ""
    assert [received.path for received in web.received] == ["/a", "/b", "/a", "/b"]
    assert json.loads(web.received[0].body) == {
        "name": "podinfo",
        "namespace": "test",
        "phase": "Progressing",
        "checksum": "bbbbbbbbbb",
        "metadata": {
            "team": "a",
            "eventMessage": "5 % to the canary",
            "eventType": "Normal",
            "timestamp": "1700000000500",
        },
    }
    last = json.loads(web.received[-1].body)["metadata"]
    assert (last["eventMessage"], last["eventType"]) == ("roll back: bad", "Warning")


def test_a_failing_event_hook_is_one_line_and_the_next_is_told_all_the_same() -> None:
    with serving(by_path) as web:
        told = telling(web, "/shut", "/open")
        told.tell("Progressing", "why")
        assert told.finish(10.0) == "event webhook /shut: answered 403: closed"
        assert len(web.received) == 2


def test_an_event_hook_that_hangs_delays_nothing() -> None:
    hold = threading.Event()
    with serving(lambda _: Reply(hold=hold)) as web:
        told = telling(web, "/slow")
        began = time.monotonic()
        for number in range(2 * LIMIT):
            told.tell("Progressing", f"why {number}")
        assert told.finish(0.2) == "event webhooks have not answered yet"
        assert time.monotonic() - began < 2.0
        hold.set()


def test_what_cannot_be_called_is_told_without_its_details() -> None:
    def broken(_: str) -> tuple[object, str]:
        raise RuntimeError("S3cr3t")

    sender = Sender(app="podinfo", namespace="test", reach=broken)  # type: ignore[arg-type]
    hooks = [Hook(name="x", type=EVENT, url="http://h/")]
    told = EventHooks(hooks, sender, "b", lambda: 0.0)
    told.tell("Progressing", "why")
    assert told.finish(10.0) == "event webhook x: RuntimeError"


@pytest.mark.parametrize("count", [0, 1])
def test_without_anything_told_there_is_nothing_to_wait_for(count: int) -> None:
    with serving(lambda _: Reply()) as web:
        told = telling(web)
        for _ in range(count):
            told.tell("Progressing", "why")
        assert told.finish(0.0) == ""
        assert not web.received
