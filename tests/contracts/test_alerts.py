"""Alerts, sent to a real HTTP server: in order, again where it helps, and never in a run's way."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from canary.adapters.background import LIMIT
from canary.adapters.clock import SystemClock
from canary.adapters.outlets.alertforms import Look
from canary.adapters.outlets.alerts import PAUSES_S, Alerts, Manner, Target
from canary.core.notice import Severity
from canary.core.notices import Bulletin
from canary.core.record import Phase
from canary.errors import ClusterError
from tests.contracts.telling import RECORD, REPORT, SECRET, Server, journal, listening
from tests.fakes.clock import FakeClock
from tests.fakes.web import Received, Reply, Web, serving

BAD = replace(RECORD, phase=Phase.ROLLING_BACK)


class Rig:
    """Alerts to one or more addresses; `lines` are what the terminal was told."""

    def __init__(self, *addresses: Callable[[], str] | str, least: str = "info") -> None:
        self.lines: list[str] = []
        self.pauses: list[float] = []
        targets = [self._target(n, one, Severity(least)) for n, one in enumerate(addresses)]
        manner = Manner(timeout_s=0.5, finish_s=3.0, pause=self.pauses.append)
        bulletin = Bulletin(app="podinfo", namespace="test")
        self.alerts = Alerts(targets, bulletin, self.lines.append, SystemClock(), manner)

    @staticmethod
    def _target(number: int, address: Callable[[], str] | str, least: Severity) -> Target:
        return Target(
            alert=f"a{number}",
            provider=f"p{number}",
            least=least,
            look=Look(type="webhook"),
            address=address if callable(address) else lambda: address,
        )

    def tell(self, *texts: str) -> None:
        for text in texts:
            self.alerts.decided(RECORD, text)


def texts(web: Web) -> list[str]:
    return [json.loads(received.body)["text"] for received in web.received]


def secret(web: Web) -> str:
    return f"{web.url}/services/{SECRET}?sig={SECRET}"


def statuses(*codes: int) -> Callable[[Received], Reply]:
    """One after the other, the last one for ever; bodies quote the address."""
    left = list(codes)
    return lambda received: Reply(
        status=left.pop(0) if len(left) > 1 else left[0], body=received.path.encode()
    )


def test_everything_is_posted_in_order_as_json() -> None:
    with serving(statuses(204)) as web:
        rig = Rig(secret(web))
        rig.tell("one", "two")
        rig.alerts.finished(REPORT, "the end")
        rig.alerts.finish()
    assert texts(web) == ["one", "two", "the end"]
    first = web.received[0]
    assert (first.method, first.path) == ("POST", f"/services/{SECRET}?sig={SECRET}")
    assert first.headers["Content-Type"] == "application/json"
    assert rig.lines == []


@pytest.mark.parametrize(
    ("least", "told"),
    [
        ("info", ["start", "held at 5 %: bad", "roll back: bad", "all good"]),
        ("warn", ["held at 5 %: bad", "roll back: bad"]),
        ("error", ["roll back: bad"]),
    ],
)
def test_only_what_is_urgent_enough_is_sent(least: str, told: list[str]) -> None:
    with serving(statuses(200)) as web:
        rig = Rig(secret(web), least=least)
        rig.tell("start", "held at 5 %: bad")
        rig.alerts.decided(BAD, "roll back: bad")
        rig.alerts.finished(REPORT, "all good")
        rig.alerts.finish()
    assert texts(web) == told


@pytest.mark.parametrize("code", [429, 500, 503])
def test_what_may_pass_is_tried_again(code: int) -> None:
    with serving(statuses(code, code, 200)) as web:
        rig = Rig(secret(web))
        rig.tell("one")
        rig.alerts.finish()
    assert texts(web) == ["one", "one", "one"]
    assert rig.pauses == list(PAUSES_S)
    assert rig.lines == []


@pytest.mark.parametrize("code", [302, 400, 403, 404, 410])
def test_what_will_not_pass_is_not_tried_again(code: int) -> None:
    with serving(statuses(code)) as web:
        rig = Rig(secret(web))
        rig.tell("one")
        rig.alerts.finish()
    assert len(web.received) == 1
    assert rig.lines == [
        f"alert a0 does not reach provider p0: answered {code}; the run does not depend on it"
    ]


def test_a_dead_endpoint_is_one_line_however_much_was_to_be_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/{SECRET}"
    rig = Rig(address)
    rig.tell(*(f"line {number}" for number in range(30)))
    rig.alerts.finish()
    assert rig.lines == [
        "alert a0 does not reach provider p0: refused the connection; the run does not depend on it"
    ]
    assert rig.pauses == list(PAUSES_S)


def test_an_endpoint_that_fails_gets_the_newest_and_once() -> None:
    hold = threading.Event()
    with serving(lambda _: Reply(status=404, hold=hold)) as web:
        rig = Rig(secret(web))
        rig.tell(*(f"line {number}" for number in range(9)))
        hold.set()
        rig.alerts.finish()
    assert texts(web) == ["line 0", "line 8"]
    assert len(rig.lines) == 1


def test_an_endpoint_that_recovers_gets_everything_again() -> None:
    with serving(statuses(404, 200)) as web:
        rig = Rig(secret(web))
        for text in ("one", "two", "three"):
            rig.tell(text)
            rig.alerts.finish()
    assert texts(web) == ["one", "two", "three"]
    assert len(rig.lines) == 1


def test_one_that_hangs_holds_neither_the_loop_nor_another() -> None:
    hold = threading.Event()
    with serving(lambda _: Reply(hold=hold)) as stuck, serving(statuses(200)) as web:
        rig = Rig(secret(stuck), secret(web))
        began = time.monotonic()
        rig.tell(*(f"line {number}" for number in range(2 * LIMIT)))
        assert time.monotonic() - began < 1.0
        rig.alerts.finish()
        assert time.monotonic() - began < 5.0
        hold.set()
    assert len(web.received) > 10
    assert any("provider p0: " in line for line in rig.lines)
    assert len([line for line in rig.lines if "provider p0" in line]) == 1


def test_one_that_drips_its_answer_is_left_behind_at_the_end() -> None:
    with dripping() as address:
        rig = Rig(address)
        rig.tell("one")
        began = time.monotonic()
        rig.alerts.finish()
        assert time.monotonic() - began < 4.5
    assert rig.lines == [
        (
            "alert a0 does not reach provider p0: not all were sent within 3 s of the end; "
            "the run does not depend on it"
        )
    ]


class dripping:  # noqa: N801  reads as the context manager that it is
    """A server that sends a byte every 0.1 s, so that no timeout of a single read ends it."""

    def __enter__(self) -> str:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._end = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self._server.getsockname()[1]}/{SECRET}"

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        self._server.close()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not self._end.wait(0.1):
                connection.sendall(b"x")


def test_an_address_that_cannot_be_read_is_one_line() -> None:
    def unreadable() -> str:
        raise ClusterError("Secret hook: not permitted (403)")

    rig = Rig(unreadable)
    rig.tell("one")
    rig.alerts.finish()
    assert rig.lines == [
        (
            "alert a0 does not reach provider p0: its address cannot be read: Secret hook: not "
            "permitted (403); the run does not depend on it"
        )
    ]


def test_a_bug_is_one_line_too() -> None:
    def broken() -> str:
        raise KeyError(SECRET)

    rig = Rig(broken, "https://[", "http://nowhere.invalid/")
    rig.tell("one")
    rig.alerts.finish()
    assert len(rig.lines) == 3
    assert SECRET not in "".join(rig.lines)


@pytest.mark.parametrize("code", [200, 404, 500])
def test_an_address_is_in_no_line_and_in_no_log(
    code: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(statuses(code)) as web:
        rig = Rig(secret(web), secret(web).replace("127.0.0.1", f"{SECRET}.invalid"))
        rig.tell("one", "two")
        rig.alerts.finish()
    assert len(web.received) >= 2
    assert SECRET not in "".join(rig.lines) + caplog.text
    assert "127.0.0.1" not in "".join(rig.lines) + caplog.text


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as engine:
        yield engine


def test_a_run_is_told_through_the_journal_and_waited_for(server: Server) -> None:
    with serving(statuses(200)) as web:
        rig = Rig(secret(web))
        told: Any = journal(server, FakeClock(), alerts=rig.alerts)
        told.decided(replace(RECORD, phase=Phase.PREPARING), "run r1")
        told.progress("not told elsewhere")
        told.decided(RECORD, f"5 %: http://u:{SECRET}@host/ said\nno")
        told.decided(replace(RECORD, phase=Phase.SUCCEEDED), "soaked")
        told.finished(replace(REPORT, reason=f"all good, token={SECRET}"))
        told.close()
    assert texts(web) == ["run r1", "5 %: http://***@host/ said no", "all good, token=***"]
    assert server.engine.lines[-1] == "+0 s Succeeded: soaked"


def test_a_dead_endpoint_does_not_hold_the_journal(server: Server) -> None:
    with dripping() as address:
        rig = Rig(address)
        told = journal(server, FakeClock(), alerts=rig.alerts)
        began = time.monotonic()
        told.decided(RECORD, "5 % to the canary")
        told.finished(REPORT)
        assert time.monotonic() - began < 2.0
        assert server.engine.lines == ["+0 s Progressing: 5 % to the canary"]
        told.close()
        assert time.monotonic() - began < 6.0
