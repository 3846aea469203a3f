"""The bed's pid 1, here with small shell scripts for components and no namespaces."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.bed import cgroups, testapp
from tests.bed.probes import Probe
from tests.bed.supervisor import write_json
from tests.bed.testapp import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUN = "import sys; from pathlib import Path; from tests.bed.supervisor import load; "
RUN += "load(Path(sys.argv[1])).run()"
STAY = "exec sleep 60"


def component(name: str, script: str, *after: str, probe: str = "") -> dict[str, Any]:
    probes = [Probe(unix=probe).plain()] if probe else []
    return {"name": name, "argv": ["sh", "-c", script], "after": list(after), "probes": probes}


@contextmanager
def supervised(
    state_dir: Path, *components: dict[str, Any]
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[..., dict[str, Any]]]]:
    """A running supervisor, and a function that waits for a component's state."""
    (state_dir / "log").mkdir()
    write_json(state_dir / "plan.json", {"components": components, "env": dict(os.environ)})

    def row(name: str, state: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            path = state_dir / "status.json"
            found = json.loads(path.read_text())["components"] if path.exists() else {}
            if found.get(name, {}).get("state") == state:
                return dict(found[name])
            threading.Event().wait(0.02)
        raise AssertionError((name, state, found))

    command = [sys.executable, "-c", RUN, str(state_dir)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as running:
        try:
            yield running, row
        finally:
            for each in json.loads((state_dir / "status.json").read_text())["components"].values():
                if each["pid"] and each["state"] != "dead":
                    os.kill(each["pid"], signal.SIGKILL)
            running.terminate()
            assert running.wait(60) == 0


def test_starts_a_component_after_what_it_needs(tmp_path: Path) -> None:
    needed = tmp_path / "socket"
    first = component("first", f"echo one; {STAY}", probe=str(needed))
    second = component("second", f"echo two; {STAY}", "first")
    with supervised(tmp_path, first, second) as (_, row):
        row("first", "starting")
        assert row("second", "waiting")["pid"] == 0
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(needed))
            server.listen()
            row("second", "ready")
        assert (tmp_path / "log" / "second.log").read_text() == "two\n"


def test_the_dead_stay_dead_until_asked(tmp_path: Path) -> None:
    dies = component("dies", "[ -e again ] && exec sleep 60; touch again; exit 3")
    dies["argv"][2] = f"cd {tmp_path}; {dies['argv'][2]}"
    with supervised(tmp_path, dies) as (running, row):
        assert row("dies", "dead")["end"] == "exit code 3"
        running.send_signal(signal.SIGHUP)
        assert row("dies", "ready")["end"] == ""


def test_names_the_signal_that_ended_a_component(tmp_path: Path) -> None:
    with supervised(tmp_path, component("lives", STAY)) as (_, row):
        os.kill(row("lives", "ready")["pid"], signal.SIGKILL)
        assert row("lives", "dead")["end"] == "SIGKILL"


def test_probes_over_http() -> None:
    server = testapp.start(Faults(version="5"), 0, "127.0.0.1")
    url = f"http://127.0.0.1:{server.server_port}"
    assert Probe(url=f"{url}/healthz").passes()
    assert Probe(url=url, contains='"version": "5"').passes()
    assert not Probe(url=url, contains='"version": "6"').passes()
    testapp.stop(server)
    assert not Probe(url=url).passes()


def test_probe_shows_its_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    server = testapp.start(Faults(), 0, "127.0.0.1")
    url = f"http://127.0.0.1:{server.server_port}"
    said = '"Authorization": "Bearer abc"'
    assert Probe(url=url, token_file=str(tmp_path / "token"), contains=said).passes()
    testapp.stop(server)


def test_control_groups_in_every_hierarchy(tmp_path: Path) -> None:
    for name in ("cpu", "cpuset"):
        (tmp_path / name).mkdir()
    cgroups.create("bed-x", tmp_path)
    (tmp_path / "cpu" / "bed-x" / "pods" / "one").mkdir(parents=True)
    assert [path.parent.name for path in cgroups.remaining("bed-x", tmp_path)] == ["cpu", "cpuset"]
    cgroups.remove("bed-x", tmp_path)
    assert cgroups.remaining("bed-x", tmp_path) == []
    assert (tmp_path / "cpu").exists()


@pytest.mark.parametrize(("setting", "usual"), [("cpu.shares", 1024), ("cpu.weight", 100)])
def test_a_bed_is_served_before_the_tests(tmp_path: Path, setting: str, usual: int) -> None:
    weight = tmp_path / "cpu" / "bed-x" / setting
    weight.parent.mkdir(parents=True)
    weight.write_text(str(usual))
    cgroups.create("bed-x", tmp_path)
    assert int(weight.read_text()) >= 30 * usual
