"""A restore is told elsewhere as a run would tell it, after the traffic, and no secret is seen."""

from __future__ import annotations

import json
import logging
import threading
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from canary.adapters.outlets.alertforms import Look, body_of
from canary.core.notice import Notice, Severity
from canary.guard.alerts import PAUSES_S, WAITING, Alerts
from tests.contracts.guarding import EVENTS, PLAIN, Bench
from tests.contracts.routing import NEW, OLD
from tests.fakes.cluster import Fault
from tests.fakes.web import Received, Reply, Web, serving

SECRETS = "/api/v1/namespaces/test/secrets"
SECRET = "S3cr3t"
REASON = (
    "restored by guard: the driver of run r1 gave no sign of life for 10 s in Progressing at 30 %"
)
NOTICE = Notice(
    severity=Severity.ERROR,
    app="podinfo",
    namespace="test",
    run="guard-r1",
    phase="Failed",
    outcome="restored by guard",
    from_image="podinfo:1",
    to_image=NEW,
    text=f"{REASON}; all traffic is back on podinfo:1",
)


def alert(name: str = "hook", kind: str = "webhook", app: str = "podinfo") -> dict[str, Any]:
    secret = {"namespace": "test", "name": name, "key": "address"}
    told = {"alert": "on-call", "provider": name, "type": kind, "channel": "", "username": ""}
    return {"namespace": "test", "app": app, **told, "secret": secret}


def keep(bench: Bench, address: str, name: str = "hook") -> None:
    data = {"address": b64encode(f"{address}\n".encode()).decode()}
    bench.server.put(SECRETS, {"metadata": {"name": name}, "data": data})


def arm(bench: Bench, *alerts: dict[str, Any]) -> Alerts:
    """A guard with these alerts."""
    bench.alerts = json.dumps(alerts)
    bench.patrol = bench.guard()
    return bench.patrol.alerts


def restored(bench: Bench) -> None:
    bench.run_at(30)
    bench.pass_(14.0)
    bench.demand_restored()


def secret(web: Web) -> str:
    return f"{web.url}/services/{SECRET}?sig={SECRET}"


@pytest.mark.parametrize("kind", ["slack", "rocket", "discord", "msteams", "gchat", "webhook"])
def test_a_restore_is_told_as_a_run_would_tell_it(bench: Bench, kind: str) -> None:
    with serving(lambda _: Reply()) as web:
        keep(bench, secret(web))
        alerts = arm(bench, alert(kind=kind), alert(app="another"))
        restored(bench)
        alerts.finish()
        bench.pass_(60.0)
        (received,) = web.received
    assert json.loads(received.body) == body_of(NOTICE, Look(type=kind), "on-call")
    assert received.path == f"/services/{SECRET}?sig={SECRET}"


def test_that_the_weights_stay_is_told_once_and_the_restore_when_it_comes(bench: Bench) -> None:
    with serving(lambda _: Reply()) as web:
        keep(bench, secret(web))
        alerts = arm(bench, alert(), alert(app="another"))
        bench.run_at(30)
        bench.endpoints(OLD, 0)
        bench.pass_(40.0)
        bench.endpoints(OLD, 1)
        bench.pass_(2.0)
        bench.demand_restored()
        alerts.finish()
        kept, then = (json.loads(received.body) for received in web.received)
    text = "the driver of run r1 is dead; the weights stay, because the primary has no ready pod"
    stays = replace(NOTICE, run="r1", phase="Progressing", outcome="", weight_percent=30, text=text)
    assert kept == body_of(stays, Look(type="webhook"), "on-call")
    assert then == body_of(NOTICE, Look(type="webhook"), "on-call")


def test_an_endpoint_that_never_answers_delays_no_traffic_and_no_other_alert(bench: Bench) -> None:
    asked, end = threading.Event(), threading.Event()

    def hold(_: Received) -> Reply:
        asked.set()
        return Reply(hold=end)

    with serving(hold) as dead, serving(lambda _: Reply()) as web:
        keep(bench, secret(dead), "dead")
        keep(bench, secret(web), "alive")
        alerts = arm(bench, alert("dead"), alert("alive"))
        restored(bench)  # while the other one still holds
        assert asked.wait(10)
        alerts.outlets[f"{SECRETS}/alive", "address"].finish(10.0)
        assert len(web.received) == 1
        end.set()


def statuses(*codes: int) -> Callable[[Received], Reply]:
    """One after the other, the last one for ever; bodies quote the address."""
    left = list(codes)
    return lambda received: Reply(
        status=left.pop(0) if len(left) > 1 else left[0], body=received.path.encode()
    )


@pytest.mark.parametrize(
    ("codes", "times"), [((200,), 1), ((503, 429, 200), 3), ((500,), 3), ((404,), 1), ((302,), 1)]
)
def test_it_is_tried_again_where_that_may_help(
    bench: Bench, codes: tuple[int, ...], times: int, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(statuses(*codes)) as web:
        keep(bench, secret(web))
        alerts = arm(bench, alert())
        restored(bench)
        alerts.finish()
    assert len(web.received) == times
    assert tuple(bench.pauses) == PAUSES_S[: times - 1]
    told = f"alert on-call does not reach provider hook: answered {codes[-1]}"
    assert (told in caplog.text) is (codes[-1] != 200)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (f"file:///etc/{SECRET}", "its address is not one of http or https"),
        (SECRET, "its address is not one of http or https"),
        (f"http://{SECRET}:x/", "no answer (InvalidURL)"),
        (f"http://127.0.0.1:1/{SECRET}", "no answer (URLError)"),
        (f"http://[{SECRET}", "could not be sent: ValueError"),
        (f"http://127.0.0.1:1/ä {SECRET}", "no answer (InvalidURL)"),
    ],
)
def test_a_wrong_address_is_in_no_log_and_in_no_event(
    bench: Bench, address: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keep(bench, address)
    alerts = arm(bench, alert())
    restored(bench)
    alerts.finish()
    assert f"alert on-call does not reach provider hook: {why}" in caplog.text
    assert SECRET not in caplog.text
    everything = json.dumps(
        [b for p, b in bench.server.objects.by_path.items() if SECRETS not in p]
    )
    assert SECRET not in everything


def test_a_secret_that_is_not_there_or_says_nothing_is_told_by_its_name(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.server.put(SECRETS, {"metadata": {"name": "empty"}, "data": {}})
    alerts = arm(bench, alert("gone"), alert("empty"))
    restored(bench)
    alerts.finish()
    assert f"its address cannot be read: GET {SECRETS}/gone: 404" in caplog.text
    assert "provider empty: could not be sent: KeyError" in caplog.text


def test_while_a_provider_fails_each_notice_is_tried_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(statuses(500)) as web:
        keep(bench, secret(web))
        alerts = arm(bench, alert())
        restored(bench)
        (app,) = bench.patrol._apps(bench.patrol.grounds["test"])
        for _ in range(2):
            alerts.restored(app)
        alerts.finish()
    assert len(web.received) == 3 + 2
    assert caplog.text.count("does not reach") == 1


def test_what_is_too_much_to_wait_is_said_and_dropped(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    asked, end = threading.Event(), threading.Event()

    def hold(_: Received) -> Reply:
        asked.set()
        return Reply(hold=end)

    with serving(hold) as web:
        keep(bench, secret(web))
        alerts = arm(bench, alert())
        restored(bench)
        assert asked.wait(10)
        (app,) = bench.patrol._apps(bench.patrol.grounds["test"])
        for _ in range(WAITING + 1):
            alerts.restored(app)
        assert "provider hook: too many wait already" in caplog.text
        alerts.finish()  # and does not wait for those
        end.set()


def test_a_restore_whose_answer_was_lost_is_told_once(bench: Bench) -> None:
    with serving(lambda _: Reply()) as web:
        keep(bench, secret(web))
        alerts = arm(bench, alert())
        bench.run_at(30)
        bench.pass_(10.0)
        bench.server.faults.append(Fault(method="PUT", path=PLAIN, drop="after"))
        bench.pass_(40.0)
        bench.demand_restored()
        alerts.finish()
    assert len(web.received) == bench.station.health.restores == 1
    (event,) = bench.server.objects.items(EVENTS, "", "")
    assert event["reason"] == "Restored"


def test_nothing_is_told_of_what_was_not_restored(bench: Bench) -> None:
    with serving(lambda _: Reply()) as web:
        keep(bench, secret(web))
        alerts = arm(bench, alert())
        bench.run_at(30)
        bench.server.faults.append(Fault(method="PUT", path=PLAIN, status=409, times=100_000))
        bench.pass_(20.0)
        alerts.finish()
    assert web.received == []
    assert alerts.outlets == {}
