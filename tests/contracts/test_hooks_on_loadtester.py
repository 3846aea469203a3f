"""The Hooks adapter against the real load tester, in the words of its real gates and commands."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canary.adapters.clock import SystemClock
from canary.adapters.cluster.access import Ask, Direct
from canary.adapters.cluster.reach import Reach
from canary.adapters.outlets.hooks import Hook, Sender, WebHooks
from canary.core.seen import HookResult, HookType, Occasion, Outcome
from canary.errors import HookError, PortError
from tests.bed.build import ensure_built

pytestmark = pytest.mark.bed

PASSED = HookResult(outcome=Outcome.PASSED)


@pytest.fixture(scope="module")
def tester(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Direct]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("loadtester") / "log"
    with log.open("w") as said:
        command = [str(ensure_built(print) / "loadtester"), f"-port={port}"]
        running = subprocess.Popen(command, stdout=said, stderr=said)
    endpoint = Direct("load tester", f"http://127.0.0.1:{port}", raises=HookError)
    try:
        await_health(endpoint, log)
        yield endpoint
    finally:
        running.kill()
        running.wait()


def await_health(endpoint: Direct, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if endpoint.request(Ask(path="/healthz")).is_success:
                return
        except PortError:
            time.sleep(0.1)
    raise AssertionError(f"the load tester did not start: {log.read_text()[-500:]}")


def outcome(tester: Direct, path: str, **more: Any) -> HookResult:
    """What one hook comes to, called as a run calls it."""
    url = tester.name.partition("(")[2].rstrip(")") + path
    hook = Hook(name="hook", type=HookType.PRE_ROLLOUT, url=url, **more)
    sender = Sender(app="podinfo", namespace="test", reach=Reach())
    hooks = WebHooks([hook], sender, SystemClock())
    hooks.call(Occasion(type=hook.type, phase="Preparing", checksum="bbbbbbbbbb"))
    deadline = time.monotonic() + 60
    while (result := hooks.result(hook.type)).outcome is Outcome.PENDING:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return result


def test_a_gate_is_closed_until_it_is_opened(tester: Direct) -> None:
    closed = outcome(tester, "/gate/check")
    assert closed.outcome is Outcome.FAILED
    assert "pre-rollout webhook hook: answered 403" in closed.text
    assert outcome(tester, "/gate/open") == PASSED
    assert outcome(tester, "/gate/check") == PASSED
    assert outcome(tester, "/gate/close") == PASSED
    assert outcome(tester, "/gate/check").outcome is Outcome.FAILED


def test_an_acceptance_test_is_waited_for_and_judged(tester: Direct) -> None:
    passing = {"type": "bash", "cmd": "sleep 0.2 && true"}
    failing = {"type": "bash", "cmd": "echo the token is wrong; exit 1"}
    assert outcome(tester, "/", metadata=passing) == PASSED
    failed = outcome(tester, "/", metadata=failing)
    assert failed.outcome is Outcome.FAILED
    assert "answered 500" in failed.text
    assert "the token is wrong" in failed.text


def test_an_acceptance_test_that_takes_too_long_fails_in_time(tester: Direct) -> None:
    began = time.monotonic()
    slow = outcome(tester, "/", metadata={"type": "bash", "cmd": "sleep 20"}, timeout_s=0.5)
    assert "did not answer within 0.5 s" in slow.text
    assert time.monotonic() - began < 15.0


def test_a_load_test_is_started_and_not_waited_for(tester: Direct) -> None:
    began = time.monotonic()
    assert outcome(tester, "/", metadata={"type": "cmd", "cmd": "sleep 20"}) == PASSED
    assert time.monotonic() - began < 15.0
