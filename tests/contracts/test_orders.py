"""Orders over a fake API server: the operators' commands, and the run's router beside them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

from canary.adapters.clock import SystemClock
from canary.adapters.routes import desk
from canary.adapters.routes.lists import ORDER
from canary.cli import main
from canary.core.orders import Order, parsed
from canary.core.record import Phase, Record
from canary.errors import ConflictError, OrderError
from tests.contracts.routing import LISTS, NEW, REST, STEP, ApiWorld, api_world, at
from tests.fakes.cluster import Fault

PATH = LISTS.path(LISTS.plain)
IMAGES = {**REST.images, NEW: "podinfo:2"}
RUNNING = replace(STEP, images=IMAGES)


@pytest.fixture
def world() -> Iterator[ApiWorld]:
    with api_world() as world:
        yield world


@pytest.fixture
def kubeconfig(world: ApiWorld, tmp_path: Path) -> str:
    path = tmp_path / "kubeconfig"
    path.write_text(world.server.kubeconfig())
    return str(path)


def marks(world: ApiWorld) -> dict[str, str]:
    found: dict[str, str] = world.server.objects.read(PATH)["metadata"]["annotations"]
    return found


class Run:
    """A run that obeys: what the engine would write, as soon as it sees the order."""

    def __init__(self, world: ApiWorld, record: Record = RUNNING) -> None:
        self.router = world.router()
        self.record = record
        self.router.write(REST)
        self.router.write(record)
        self._thread = threading.Thread(target=self._obey)
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _obey(self) -> None:
        while not self._over.wait(0.02):
            route = self.router.route()
            if route is None or not route.order:
                continue
            held = "" if parsed(route.order).verb == "resume" else parsed(route.order).by
            self.record = replace(self.record, obeyed=route.order, held=held)
            self.router.write(self.record)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return "".join(capsys.readouterr())


def test_an_order_is_written_obeyed_and_gone(
    world: ApiWorld, kubeconfig: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Run(world):
        assert main(["suspend", "podinfo", "--kubeconfig", kubeconfig, "--by", "ann"]) == 0
    assert told(capsys) == (
        "test/podinfo: Progressing, 20 % to podinfo:2, the rest to podinfo:1, suspended by ann "
        "(run r1)\n"
    )
    assert ORDER not in marks(world)


def test_a_baselines_share_is_told(
    world: ApiWorld, kubeconfig: str, capsys: pytest.CaptureFixture[str]
) -> None:
    router = world.router()
    for record in (REST, replace(at(20), baseline=True)):
        router.write(record)
    assert main(["status", "podinfo", "--kubeconfig", kubeconfig]) == 0
    assert "20 % to abcdefabcd, 20 % to its baseline, the rest to podinfo:1" in told(capsys)


def test_without_a_run_nothing_is_written(
    world: ApiWorld, kubeconfig: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.router().write(REST)
    assert main(["abort", "podinfo", "-n", "test", "--kubeconfig", kubeconfig]) == 1
    assert told(capsys) == "error: no run of podinfo is under way; podinfo:1 serves\n"
    assert ORDER not in marks(world)


def test_a_run_that_does_not_answer_is_named(world: ApiWorld) -> None:
    world.router().write(RUNNING)
    cluster, clock = world.server.connect(), SystemClock()
    app = desk.only(cluster, name="podinfo")
    order = desk.place(cluster, app, Order(verb="abort", by="ann"))
    assert json.loads(marks(world)[ORDER])["run"] == "r1"
    with pytest.raises(OrderError, match="run r1 has not confirmed within 0 s"):
        desk.obeyed(cluster, app, order, clock, 0.0)
    router = world.router()
    router.route()
    router.write(replace(RUNNING, phase=Phase.FAILED, weight_percent=0))
    with pytest.raises(OrderError, match="run r1 ended before it could abort"):
        desk.obeyed(cluster, app, order, clock, 5.0)


def test_an_order_is_not_written_over_a_change_unseen(world: ApiWorld) -> None:
    world.router().write(RUNNING)
    cluster = world.server.connect()
    app = desk.only(cluster, name="podinfo", namespace="test")
    router = world.router()
    router.route()
    router.write(replace(RUNNING, weight_percent=40))
    desk.place(cluster, app, Order(verb="suspend"))  # the same run: looked at again, then written
    assert ORDER in marks(world)
    router.route()
    router.write(replace(RUNNING, run="r2"))
    assert ORDER not in marks(world), "a new run takes no old orders"
    with pytest.raises(OrderError, match="no run of podinfo is under way"):
        desk.place(cluster, app, Order(verb="suspend"))


def test_a_conflict_that_does_not_end_is_said(world: ApiWorld) -> None:
    world.router().write(RUNNING)
    cluster = world.server.connect()
    app = desk.only(cluster, name="podinfo")
    world.server.faults.append(Fault(method="PATCH", status=409, times=99))
    with pytest.raises(ConflictError):
        desk.place(cluster, app, Order(verb="suspend"))


def test_the_runs_own_writes_keep_an_order_that_it_has_not_seen(world: ApiWorld) -> None:
    router = world.router()
    router.write(REST)
    router.write(at(20))
    world.server.edit(PATH, {"metadata": {"annotations": {ORDER: "suspend"}}})
    router.write(at(40))  # what it assumed is not there any more, but nothing of its own changed
    route = router.route()
    assert route is not None
    assert (route.order, route.weights[NEW]) == ("suspend", 40)
    router.write(replace(at(40), obeyed="suspend"))
    assert ORDER not in marks(world)


def test_status_tells_one_app_or_all(
    world: ApiWorld, kubeconfig: str, capsys: pytest.CaptureFixture[str]
) -> None:
    login = ["--kubeconfig", kubeconfig]
    assert main(["status", *login]) == 0
    assert told(capsys) == "there are no apps\n"
    assert main(["status", "podinfo", *login]) == 1
    assert told(capsys).startswith("error: there is no app podinfo in any namespace; ")
    router = world.router()
    router.write(replace(REST, phase=Phase.FAILED, reason="at 5 %: bad"))
    assert main(["status", *login]) == 0
    assert told(capsys) == "test/podinfo: Failed, podinfo:1 serves (at 5 %: bad)\n"


def test_an_app_in_two_namespaces_has_to_be_told_apart(
    world: ApiWorld, kubeconfig: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.router().write(REST)
    world.router(replace(LISTS, namespace="prod")).write(RUNNING)
    assert main(["status", "podinfo", "--kubeconfig", kubeconfig]) == 1
    assert "there are apps podinfo in prod, test: say which with --namespace" in told(capsys)
    assert main(["status", "podinfo", "-n", "prod", "--kubeconfig", kubeconfig]) == 0
    assert told(capsys).startswith("prod/podinfo: Progressing, 20 % to podinfo:2")


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (replace(RUNNING, phase=Phase.SUCCEEDED, primary=NEW, canary="", weight_percent=0), 0),
        (replace(RUNNING, phase=Phase.FAILED, weight_percent=0, reason="bad"), 1),
        (replace(RUNNING, run="r2"), 1),
    ],
)
def test_watch_follows_a_run_to_its_end(
    world: ApiWorld, kubeconfig: str, capsys: pytest.CaptureFixture[str], end: Record, code: int
) -> None:
    router = world.router()
    router.write(RUNNING)
    before = len(world.server.calls)

    def end_once_it_was_told() -> None:
        deadline = time.monotonic() + 30
        while sum("/traefikservices" in call for call in world.server.calls[before:]) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        router.write(end)

    threading.Thread(target=end_once_it_was_told, daemon=True).start()
    assert main(["watch", "podinfo", "--kubeconfig", kubeconfig]) == code
    lines = told(capsys).splitlines()
    assert "Progressing, 20 %" in lines[0]
    assert len(lines) == 2


def test_what_is_no_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dance", "podinfo"])
    assert ended.value.code == 2
    assert "invalid choice: 'dance'" in told(capsys)


def test_an_unreachable_cluster_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing: Any = str(tmp_path / "none")
    assert main(["status", "--kubeconfig", missing]) == 1
    assert told(capsys).startswith("error: ")
