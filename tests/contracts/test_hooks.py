"""The Hooks port: one suite for the fake and the adapter, then what only HTTP can show."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from canary.adapters.clock import SystemClock
from canary.adapters.cluster.access import Ask, Endpoint
from canary.adapters.cluster.reach import Reach
from canary.adapters.http import Response
from canary.adapters.outlets.hooks import Hook, Sender, WebHooks
from canary.core.seen import HookResult, Occasion, Outcome
from canary.ports import Hooks
from tests.contracts.hooking import PRE, ROLLOUT, Pauses, ended, hook, occasion, real
from tests.fakes.clock import FakeClock
from tests.fakes.hooks import Answer, FakeHooks
from tests.fakes.web import Received, Reply, serving

SECRET = "S3cr3tT0ken"


@dataclass(slots=True)
class Rig:
    """A port under test whose answers stay away until `release`."""

    hooks: Hooks
    release: Callable[[], None]


Make = Callable[[int], Rig]


@pytest.fixture(params=["fake", "real"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes a port with one pre-rollout hook that passes or fails, once it is released."""
    hold = threading.Event()
    status = {"code": 200}
    with serving(lambda _: Reply(status=status["code"], body=b"not yet", hold=hold)) as web:

        def build(code: int) -> Rig:
            if request.param == "fake":
                clock = FakeClock()
                text = f"pre-rollout webhook acceptance: answered {code}: not yet"
                fake = FakeHooks(
                    clock, {PRE: [Answer(text=text if code >= 300 else "", after_s=5.0)]}
                )
                return Rig(fake, lambda: clock.wait(5.0))
            status["code"] = code
            return Rig(real(hook(web)), hold.set)

        yield build
        hold.set()


def test_nothing_was_called_yet(make: Make) -> None:
    assert make(200).hooks.result(PRE) == HookResult()


def test_a_type_without_hooks_stays_idle(make: Make) -> None:
    rig = make(200)
    rig.hooks.call(occasion(ROLLOUT))
    assert rig.hooks.result(ROLLOUT) == HookResult()


def test_a_call_is_pending_until_it_is_answered(make: Make) -> None:
    rig = make(200)
    began = time.monotonic()
    rig.hooks.call(occasion())
    assert time.monotonic() - began < 1.0
    assert rig.hooks.result(PRE) == HookResult(outcome=Outcome.PENDING)
    rig.hooks.call(occasion())
    rig.release()
    assert ended(rig.hooks) == HookResult(outcome=Outcome.PASSED)


def test_a_failure_says_what_was_answered(make: Make) -> None:
    rig = make(500)
    rig.hooks.call(occasion())
    rig.release()
    text = "pre-rollout webhook acceptance: answered 500: not yet"
    assert ended(rig.hooks) == HookResult(outcome=Outcome.FAILED, text=text)
    rig.hooks.call(occasion())
    assert rig.hooks.result(PRE).text == text, "while it is asked again, too"


def test_what_has_ended_may_be_called_again(make: Make) -> None:
    rig = make(200)
    rig.hooks.call(occasion())
    rig.release()
    ended(rig.hooks)
    rig.hooks.call(occasion())
    rig.release()
    assert ended(rig.hooks).outcome is Outcome.PASSED


def test_the_fake_is_called_once_while_pending_and_repeats_its_last_answer() -> None:
    clock = FakeClock()
    hooks = FakeHooks(clock, {PRE: [Answer(text="no", after_s=1.0), Answer()]})
    hooks.call(occasion())
    hooks.call(occasion())
    clock.wait(1.0)
    assert hooks.result(PRE).text == "no"
    for _ in range(3):
        hooks.call(occasion())
        assert hooks.result(PRE).outcome is Outcome.PASSED
    assert [at_s for at_s, _ in hooks.calls] == [0.0, 1.0, 1.0, 1.0]


def test_the_payload_is_the_peers() -> None:
    with serving(lambda _: Reply(status=202)) as web:
        hooks = real(hook(web, "/start?x=1", metadata={"type": "cmd", "cmd": "hey"}))
        hooks.call(Occasion(type=PRE, phase="Preparing", checksum="c", metadata={"extra": "1"}))
        assert ended(hooks).outcome is Outcome.PASSED
    (received,) = web.received
    assert (received.method, received.path) == ("POST", "/start?x=1")
    assert received.headers["Content-Type"] == "application/json"
    assert json.loads(received.body) == {
        "name": "podinfo",
        "namespace": "test",
        "phase": "Preparing",
        "checksum": "c",
        "metadata": {"type": "cmd", "cmd": "hey", "extra": "1"},
    }


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_2xx_passes(status: int) -> None:
    with serving(lambda _: Reply(status=status)) as web:
        hooks = real(hook(web))
        hooks.call(occasion())
        assert ended(hooks) == HookResult(outcome=Outcome.PASSED)


@pytest.mark.parametrize(
    ("status", "attempts"), [(500, 3), (503, 3), (429, 3), (400, 1), (404, 1), (302, 1)]
)
def test_only_what_may_heal_is_tried_again(status: int, attempts: int) -> None:
    pauses = Pauses()
    with serving(lambda _: Reply(status=status)) as web:
        hooks = real(hook(web, retries=2), pause=pauses)
        hooks.call(occasion())
        assert ended(hooks).text == f"pre-rollout webhook acceptance: answered {status}"
    assert len(web.received) == attempts
    assert pauses.seconds == [1.0, 2.0][: attempts - 1]


def test_a_later_attempt_may_pass() -> None:
    replies = [Reply(status=503), Reply(status=500), Reply()]
    with serving(lambda _: replies.pop(0)) as web:
        hooks = real(hook(web, retries=5))
        hooks.call(occasion())
        assert ended(hooks).outcome is Outcome.PASSED
    assert len(web.received) == 3


def test_pauses_are_bounded() -> None:
    patient = Hook(name="x", type=PRE, url="http://x", timeout_s=2.0, retries=6)
    assert patient.pauses_s == (1.0, 2.0, 4.0, 8.0, 10.0, 10.0)
    assert patient.longest_s == 14.0 + 35.0


def test_a_hook_that_hangs_fails_after_its_timeout() -> None:
    hold = threading.Event()
    with serving(lambda _: Reply(hold=hold)) as web:
        hooks = real(hook(web, timeout_s=0.1, retries=1))
        hooks.call(occasion())
        assert "did not answer within 0.1 s" in ended(hooks).text
        hold.set()
    assert len(web.received) == 2


def test_nobody_listening_is_a_failure_with_retries() -> None:
    with serving(lambda _: Reply()) as web:
        pass
    pauses = Pauses()
    hooks = real(hook(web, retries=1), pause=pauses)
    hooks.call(occasion())
    assert "refused the connection" in ended(hooks).text
    assert pauses.seconds == [1.0]


def test_an_answer_that_drips_for_ever_fails_in_time() -> None:
    """Each byte comes within the timeout, so only the clock of the whole call ends it."""
    clock = FakeClock()
    dripping = threading.Event()
    stop = threading.Event()

    @dataclass(slots=True)
    class Dripping:
        name: str = "its server"

        def request(self, ask: Ask) -> Response:
            assert ask.timeout_s == 2.0
            dripping.set()
            stop.wait(30)
            return Response(200)

    endpoint: Endpoint = Dripping()
    sender = Sender(app="a", namespace="n", reach=lambda _: (endpoint, "/"), pause=Pauses())
    hooks = WebHooks([Hook(name="x", type=PRE, url="http://x", timeout_s=2.0)], sender, clock)
    hooks.call(occasion())
    assert dripping.wait(10)
    clock.wait(3.0)
    assert hooks.result(PRE).outcome is Outcome.PENDING
    clock.wait(0.1)
    late = hooks.result(PRE)
    assert late.text == "pre-rollout webhook x: did not end within the time of all its attempts"
    threads = [t for t in threading.enumerate() if t.name == "pre-rollout hooks"]
    stop.set()
    for thread in threads:
        thread.join(10)
    assert hooks.result(PRE) == late


def test_what_passed_in_time_stays_passed() -> None:
    clock = FakeClock()
    with serving(lambda _: Reply()) as web:
        sender = Sender(app="a", namespace="n", reach=Reach(), pause=Pauses())
        hooks = WebHooks([hook(web)], sender, clock)
        hooks.call(occasion())
        assert ended(hooks).outcome is Outcome.PASSED
    clock.wait(3600.0)
    assert hooks.result(PRE).outcome is Outcome.PASSED


def test_while_a_call_is_pending_nothing_more_is_called() -> None:
    hold = threading.Event()
    with serving(lambda _: Reply(hold=hold)) as web:
        hooks = real(hook(web))
        for _ in range(5):
            hooks.call(occasion())
        hold.set()
        ended(hooks)
    assert len(web.received) == 1


def test_hooks_are_called_in_order_up_to_the_first_that_fails() -> None:
    def answering(received: Received) -> Reply:
        return Reply(status=500 if received.path == "/2" else 200)

    with serving(answering) as web:
        hooks = real(*(hook(web, f"/{n}", name=f"h{n}") for n in (1, 2, 3)))
        hooks.call(occasion())
        assert ended(hooks).text.startswith("pre-rollout webhook h2: ")
    assert [received.path for received in web.received] == ["/1", "/2"]


def test_types_do_not_wait_for_each_other() -> None:
    hold = threading.Event()
    with serving(lambda r: Reply(hold=hold if r.path == "/slow" else None)) as web:
        hooks = real(hook(web, "/slow"), hook(web, "/quick", type=ROLLOUT))
        hooks.call(occasion())
        hooks.call(occasion(ROLLOUT))
        assert ended(hooks, ROLLOUT).outcome is Outcome.PASSED
        assert hooks.result(PRE).outcome is Outcome.PENDING
        hold.set()
        assert ended(hooks).outcome is Outcome.PASSED


def test_a_body_is_shortened_redacted_and_put_on_one_line() -> None:
    body = f"try\nhttp://u:{SECRET}@host/?k={SECRET} with Bearer {SECRET} {'x' * 5000}"
    with serving(lambda _: Reply(status=403, body=body.encode())) as web:
        hooks = real(hook(web))
        hooks.call(occasion())
        text = ended(hooks).text
    assert text.startswith("pre-rollout webhook acceptance: answered 403: try http://***@host/?***")
    assert SECRET not in text
    assert len(text) < 400
    assert text.endswith("…")


def test_a_url_with_credentials_is_not_shown() -> None:
    with serving(lambda _: Reply()) as web:
        pass
    url = web.url.replace("http://", f"http://user:{SECRET}@") + f"/?token={SECRET}"
    hooks = real(Hook(name="x", type=PRE, url=url))
    hooks.call(occasion())
    text = ended(hooks).text
    assert "refused the connection" in text
    assert SECRET not in text


def test_a_bug_fails_the_hook_instead_of_holding_the_run() -> None:
    def reach(_url: str) -> tuple[Endpoint, str]:
        raise KeyError(SECRET)

    sender = Sender(app="a", namespace="n", reach=reach, pause=Pauses())
    hooks = WebHooks([Hook(name="x", type=PRE, url="http://x")], sender, SystemClock())
    hooks.call(occasion())
    assert ended(hooks).text == "pre-rollout webhook x: could not be called: KeyError"
