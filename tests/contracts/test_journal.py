"""The Journal port: the fake, and the real one against a real gRPC engine, files and full disks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import engine_pb2

from canary.adapters.background import LIMIT, Background
from canary.adapters.cluster.reach import Reach
from canary.adapters.outlets.enginelog import EngineLog, request_urn
from canary.adapters.outlets.eventhooks import EventHooks
from canary.adapters.outlets.hooks import Hook, Sender
from canary.adapters.outlets.journal import BEHIND, Audience, EngineJournal
from canary.adapters.outlets.reports import ReportFiles
from canary.core.record import Phase
from canary.core.seen import HookType
from tests.contracts.telling import (
    INFO,
    RECORD,
    REPORT,
    SECRET,
    URN,
    WARNING,
    Server,
    Told,
    journal,
    listening,
)
from tests.fakes.clock import FakeClock
from tests.fakes.journal import FakeJournal
from tests.fakes.web import Reply, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as engine:
        yield engine


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.mark.parametrize("kind", ["fake", "real"])
def test_a_whole_run_is_told_without_an_error(kind: str, server: Server, clock: FakeClock) -> None:
    told = FakeJournal(clock=clock) if kind == "fake" else journal(server, clock)
    told.progress("preparing: 0 of 2 pods ready")
    told.decided(RECORD, "the canary is ready: 5 % to the canary")
    told.progress("step 1/10 · 5 %")
    told.decided(replace(RECORD, phase=Phase.FAILED), "rolled back", warning=True)
    told.finished(REPORT)


def test_the_row_shows_progress_and_keeps_decisions(server: Server, clock: FakeClock) -> None:
    told = journal(server, clock)
    told.progress("preparing")
    clock.wait(12.3)
    told.decided(RECORD, "5 % to the canary")
    told.decided(replace(RECORD, phase=Phase.ROLLING_BACK), "roll back: bad", warning=True)
    told.finished(REPORT)
    assert [(r.severity, r.ephemeral, r.message, r.urn) for r in server.engine.said] == [
        (INFO, True, "preparing", URN),
        (INFO, False, "+12 s Progressing: 5 % to the canary", URN),
        (WARNING, False, "+12 s RollingBack: roll back: bad", URN),
    ]


def test_what_was_said_before_closing_is_heard_without_a_report(
    server: Server, clock: FakeClock
) -> None:
    told = journal(server, clock)
    for number in range(BEHIND):
        told.decided(RECORD, f"decision {number}")
    told.close()
    told.progress("too late")
    assert [line.rpartition(": ")[2] for line in server.engine.lines] == [
        f"decision {number}" for number in range(BEHIND)
    ]


def test_a_line_that_has_not_changed_is_not_sent_again(server: Server, clock: FakeClock) -> None:
    told = journal(server, clock)
    for line in ("a", "a", "b", "a"):
        told.progress(line)
    told.decided(RECORD, "why")
    told.progress("a")
    told.finished(REPORT)
    assert server.engine.lines == ["a", "b", "a", "+0 s Progressing: why", "a"]


def test_every_text_is_one_redacted_line(server: Server, clock: FakeClock) -> None:
    events = Told()
    told = journal(server, clock, events=events)
    told.progress(f"two\nlines http://u:{SECRET}@host/")
    told.decided(RECORD, f"Authorization: Bearer {SECRET}\n{'x' * 5000}")
    told.finished(REPORT)
    everything = " ".join([*server.engine.lines, *(note for _, note, _ in events.events)])
    assert SECRET not in everything
    assert server.engine.lines[0] == "two lines http://***@host/"
    assert all(len(line.splitlines()) == 1 and len(line) < 2100 for line in server.engine.lines)


def test_decisions_become_events(server: Server, clock: FakeClock) -> None:
    events = Told()
    told = journal(server, clock, events=events)
    told.decided(RECORD, "5 % to the canary")
    told.decided(replace(RECORD, phase=Phase.FAILED), "bad", warning=True)
    told.finished(REPORT)
    assert events.events == [
        ("Progressing", "5 % to the canary", False),
        ("Failed", "bad", True),
    ]


def test_decisions_are_told_to_event_hooks_and_what_fails_is_a_warning(
    server: Server, clock: FakeClock
) -> None:
    with serving(lambda _: Reply(status=500)) as web:
        sender = Sender(app="podinfo", namespace="test", reach=Reach())
        hooks = [Hook(name="bus", type=HookType.EVENT, url=web.url)]
        events = EventHooks(hooks, sender, "b", clock.wall_s)
        told = EngineJournal(EngineLog(server.address, URN), clock, Audience(hooks=events))
        told.decided(RECORD, "why")
        told.finished(REPORT)
        told.close()
        assert len(web.received) == 1
    assert server.engine.lines == ["+0 s Progressing: why", "event webhook bus: answered 500"]


def test_an_engine_that_hangs_does_not_hold_the_loop(server: Server, clock: FakeClock) -> None:
    server.engine.hold.clear()
    log = EngineLog(server.address, URN)
    told = EngineJournal(log, clock)
    began = time.monotonic()
    for number in range(2 * LIMIT):
        told.progress(f"line {number}")
        told.decided(RECORD, f"why {number}")
    assert time.monotonic() - began < 1.0
    told.finished(REPORT)
    assert time.monotonic() - began < 8.0
    assert server.engine.calls <= 3


@pytest.mark.parametrize("address", ["", "127.0.0.1:1"])
def test_without_an_engine_the_run_goes_on(address: str, clock: FakeClock, tmp_path: Path) -> None:
    files = ReportFiles(directory=str(tmp_path))
    log = EngineLog(address, URN)
    told = EngineJournal(log, clock, Audience(files=files))
    for number in range(5):
        told.decided(RECORD, f"why {number}")
    told.finished(REPORT)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_engine_that_has_gone_is_no_error_and_nothing_is_said_after_the_end(
    server: Server,
) -> None:
    log = EngineLog(server.address, URN)
    log.say("before")
    server.grpc.stop(0).wait()
    log.say("lost")
    log.close()
    log.say("after the end")
    assert server.engine.lines == ["before"]


def test_only_failures_in_a_row_silence_it(server: Server) -> None:
    log = EngineLog(server.address, URN)
    for failing in (True, True, False, True, True, False):
        server.engine.failing = failing
        log.say("line")
    assert server.engine.lines == ["line", "line"]
    server.engine.failing = True
    for _ in range(5):
        log.say("line")
    assert server.engine.calls == 9


def test_progress_is_dropped_when_the_engine_is_behind(server: Server, clock: FakeClock) -> None:
    server.engine.hold.clear()
    told = journal(server, clock)
    for number in range(5 * BEHIND):
        told.progress(f"line {number}")
    told.decided(RECORD, "why")
    server.engine.hold.set()
    told.finished(REPORT)
    assert len(server.engine.lines) <= BEHIND + 3
    assert server.engine.lines[-1] == "+0 s Progressing: why"


def test_the_urn_is_found_in_the_request_further_up() -> None:
    def update(request: Any) -> str:
        return called_by_the_sdk() if request else ""

    def called_by_the_sdk() -> str:
        return request_urn()

    assert update(engine_pb2.LogRequest(urn=URN)) == URN
    assert called_by_the_sdk() == ""


class TestBackground:
    def test_work_is_done_in_order(self) -> None:
        done: list[int] = []
        background = Background("test")
        for number in range(100):
            assert background.submit(partial(done.append, number))
        assert background.finish(10)
        assert done == list(range(100))

    def test_too_much_is_not_taken(self) -> None:
        hold = threading.Event()
        background = Background("much")
        taken = sum(background.submit(lambda: hold.wait(10)) for _ in range(2 * LIMIT))
        assert LIMIT <= taken <= LIMIT + 1
        assert not background.finish(0.05)
        hold.set()
        for thread in [t for t in threading.enumerate() if t.name == "much"]:
            thread.join(10)
            assert not thread.is_alive()

    def test_it_may_be_used_again_after_the_end(self) -> None:
        done: list[int] = []
        background = Background("again")
        assert background.finish(1)
        for number in range(2):
            background.submit(partial(done.append, number))
            assert background.finish(10)
        assert done == [0, 1]
        assert "again" not in {thread.name for thread in threading.enumerate()}


class TestFake:
    def test_it_insists_on_one_line_with_a_reason(self, clock: FakeClock) -> None:
        told = FakeJournal(clock=clock)
        for text in ("", "two\nlines"):
            with pytest.raises(AssertionError):
                told.progress(text)
            with pytest.raises(AssertionError):
                told.decided(RECORD, text)

    def test_a_run_is_reported_once(self, clock: FakeClock) -> None:
        told = FakeJournal(clock=clock)
        told.finished(REPORT)
        with pytest.raises(AssertionError, match="one report a run"):
            told.finished(REPORT)

    def test_the_transcript_reads_as_a_story(self, clock: FakeClock) -> None:
        told = FakeJournal(clock=clock)
        clock.wait(12.0)
        told.decided(RECORD, "why")
        assert told.transcript == ["12.0 Progressing 5 %: why"]
