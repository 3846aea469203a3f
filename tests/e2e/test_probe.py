"""The probe notices what a user would: a probe that sees no failure must be able to see one."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.bed import testapp
from tests.e2e import prober
from tests.e2e.answers import Answer, Answers
from tests.e2e.probes import PROBER


@contextmanager
def app(**faults: float) -> Iterator[int]:
    """The test app with these faults; the port it listens on."""
    server = testapp.start(testapp.Faults(version="7", **faults), 0, "127.0.0.1")  # type: ignore[arg-type]
    try:
        yield server.server_port
    finally:
        testapp.stop(server)


def asked(port: int, method: str = "GET", *, keep: bool = True) -> Answer:
    """The second of two answers to one client, which may use the first one's connection."""

    async def twice() -> list[object]:
        client = prober.Client("127.0.0.1", port, "app.test", keep=keep)
        await client.ask(method)
        answer = await client.ask(method)
        for _, writer in client.idle:
            writer.close()
        return answer

    fields = ("seconds", "method", "status", "who", "pod", "error")
    return Answer(sent=0.0, **dict(zip(fields, asyncio.run(twice()), strict=True)))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("keep", [True, False])
def test_a_good_answer_names_its_version(method: str, *, keep: bool) -> None:
    with app() as port:
        answer = asked(port, method, keep=keep)
    assert (answer.status, answer.who, answer.method, answer.failed) == (200, "7", method, False)


def test_errors_and_missing_pages_are_failures() -> None:
    with app(error_share=1.0) as port:
        assert (asked(port).status, asked(port).failed) == (500, True)
    with app(missing_share=1.0) as port:
        assert (asked(port).status, asked(port).failed) == (404, True)


def test_no_answer_and_no_connection_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    with app(hang_share=1.0) as port, monkeypatch.context() as impatient:
        impatient.setattr(prober, "PATIENCE_S", 0.2)
        silent = asked(port)
    refused = asked(port)
    assert (silent.status, silent.error, silent.failed) == (0, "no answer", True)
    assert (refused.status, refused.failed) == (0, True)
    assert "ConnectionRefusedError" in refused.error


def test_a_probe_begins_when_no_replica_says_404_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def ask(_: prober.Client, method: str) -> list[object]:
        nonlocal asked
        asked += 1
        return [0.0, method, 404 if asked <= prober.SURE + 1 else 200, "", "", ""]

    monkeypatch.setattr(prober.Client, "ask", ask)
    asyncio.run(prober.routed("127.0.0.1", 1, "app.test"))
    assert asked == 3 * prober.SURE  # of the second round one was still 404


def test_what_came_before_a_moment_was_answered_before_it() -> None:
    def answer(sent: float) -> Answer:
        return Answer(sent=sent, seconds=1.0, method="GET", status=200, who="", pod="", error="")

    answers = Answers((answer(1.0), answer(1.5), answer(2.5)))
    assert [one.sent for one in answers.answered_before(2.4).all] == [1.0]


def test_slow_answers_do_not_lower_the_rate() -> None:
    with app(latency_s=0.5) as port:
        options = ["--host", "127.0.0.1", "--port", str(port), "--name", "app.test", "--rate", "40"]
        command = [sys.executable, str(PROBER), *options, "--methods", "GET,POST"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(40)]
            process.send_signal(signal.SIGTERM)
            lines += process.stdout.readlines()
    answers = Answers.parsed(lines)
    assert lines[-1] == "end\n"
    assert max(_open_at(answers, answer.sent) for answer in answers.all) >= 15
    assert {answer.method for answer in answers.all} == {"GET", "POST"}
    assert answers.share("7") == 1.0
    answers.assert_none_failed()


def _open_at(answers: Answers, moment: float) -> int:
    """How many requests had been sent by then and were not answered yet."""
    return sum(each.sent <= moment < each.sent + each.seconds for each in answers.all)
