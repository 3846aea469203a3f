"""The bed itself: what `up`, `down`, `run` and kill -9 do to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.bed import cgroups, images
from tests.bed.build import bin_dir
from tests.bed.cluster import Bed
from tests.bed.errors import BedError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.bed
SLEEPER = "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done"
# Pods as a hardened manifest asks for them: any user but root, and nothing to write to.
POD = """
apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: images}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsUser: 65534, runAsNonRoot: true}
  containers:
  - name: main
    image: "IMAGE"
    securityContext:
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}
---
"""
PODINFO = "ghcr.io/stefanprodan/podinfo:6.9.2"


@pytest.fixture(scope="module")
def second() -> Iterator[Bed]:
    """A bed beside the usual one, for what would disturb other tests."""
    bed = Bed("second").up()
    yield bed
    bed.down()


def init_pid(bed: Bed) -> int:
    init = bed.sandbox.init()
    assert init
    return init.pid


def node_uid(bed: Bed) -> str:
    return bed.kubectl("get", "node", "bed", "--output=jsonpath={.metadata.uid}")


def states(bed: Bed) -> dict[str, str]:
    rows = bed.sandbox.status()["components"]
    return {name: row["state"] for name, row in rows.items()}


def eventually(bed: Bed, component: str, state: str) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if states(bed)[component] == state:
            return True
        os.sched_yield()
    return False


def test_two_beds_run_side_by_side(bed: Bed, second: Bed) -> None:
    assert node_uid(bed) != node_uid(second)
    assert init_pid(bed) != init_pid(second)


def test_up_leaves_a_whole_bed_alone(bed: Bed) -> None:
    before = init_pid(bed), node_uid(bed)
    steps: list[str] = []
    bed.up(steps.append)
    assert (init_pid(bed), node_uid(bed)) == before
    assert "node ready" in steps
    assert "namespaces made" not in steps


def test_a_killed_component_is_reported_and_repaired(second: Bed) -> None:
    before = node_uid(second)
    os.kill(host_pid(second, "etcd"), signal.SIGKILL)
    assert eventually(second, "etcd", "dead")
    second.up()
    assert set(states(second).values()) == {"ready"}
    assert node_uid(second) == before


def host_pid(bed: Bed, component: str) -> int:
    """The number by which a component of the bed is known outside."""
    inside = str(bed.sandbox.status()["components"][component]["pid"])
    namespace = Path(f"/proc/{init_pid(bed)}/ns/pid").readlink()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            numbers = process.joinpath("status").read_text().partition("NSpid:")[2].splitlines()[0]
            if numbers.split()[-1] == inside and same(process / "ns/pid", namespace):
                return int(process.name)
    raise AssertionError(component)


def test_after_kill_of_pid_1_there_is_a_new_bed(second: Bed) -> None:
    before = node_uid(second)
    os.kill(init_pid(second), signal.SIGKILL)
    second.up()
    assert node_uid(second) != before
    assert set(states(second).values()) == {"ready"}


def test_signals_and_exit_codes_pass_through(bed: Bed) -> None:
    with bed.popen(["sh", "-c", SLEEPER], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 9
    with bed.popen(["sh", "-c", "kill -TERM $$"]) as killed:
        assert killed.wait(60) == -signal.SIGTERM


def test_killing_the_stand_in_kills_the_command(bed: Bed) -> None:
    with bed.popen(["sh", "-c", SLEEPER], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        running.stdout.readline()
        running.kill()
        assert running.stdout.read() == ""  # the pipe's other end is closed: the shell is gone


def test_commands_keep_directory_and_environment(bed: Bed, tmp_path: Path) -> None:
    command = ["sh", "-c", 'pwd; echo "$EXTRA"; kubectl version --client']
    with bed.popen(
        command, cwd=tmp_path, env={"EXTRA": "yes"}, stdout=subprocess.PIPE, text=True
    ) as running:
        out, _ = running.communicate(timeout=120)
    assert out.splitlines()[:2] == [str(tmp_path), "yes"]
    assert "Client Version: v1.34" in out


def test_service_accounts_have_no_rights_of_their_own(bed: Bed) -> None:
    with pytest.raises(BedError, match="cannot list resource"):
        bed.kubectl("get", "pods", "--as=system:serviceaccount:default:default")


def test_is_reachable_from_outside(bed: Bed) -> None:
    with bed.reachable() as kubeconfig:
        command = [str(bin_dir() / "kubectl"), "--kubeconfig", str(kubeconfig), "get", "nodes"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        again = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "v1.34" in said
    assert "v1.34" in again
    assert not kubeconfig.exists()


def test_images_run_without_root_and_without_writing(second: Bed) -> None:
    """Every variant answers as what it is, names are resolved, and images can be added."""
    second.load([images.testapp("99", GREETING="hello")])
    wanted = {f"info{suffix}": f"{PODINFO}{suffix}" for suffix in ("", "-blue", "-slow", "-crash")}
    wanted |= {"app-99": "canary.test/app:99", "tester": "ghcr.io/fluxcd/flagger-loadtester:0.38.0"}
    pods = [POD.replace("NAME", name).replace("IMAGE", image) for name, image in wanted.items()]
    second.kubectl("create", "namespace", "images")
    second.kubectl("apply", "--filename=-", stdin="".join(pods))
    names = [f"pod/{name}" for name in wanted]
    second.kubectl("wait", "-n", "images", "--for=condition=Ready", "--timeout=240s", *names)

    def asked(name: str, port: int) -> str:
        path = f"/api/v1/namespaces/images/pods/{name}:{port}/proxy/"
        return second.kubectl("get", "--raw", path)

    assert '"message": "6.9.2-blue"' in asked("info-blue", 9898)
    assert '"version": "99"' in asked("app-99", 8080)
    began = time.monotonic()
    assert '"message": "6.9.2-slow"' in asked("info-slow", 9898)
    assert time.monotonic() - began > 0.7
    inside = "getent hosts kubernetes.default.svc.cluster.local || nslookup kubernetes.default"
    inside += "; curl --version; hey -h 2>&1 | head -n 1; bash -c 'echo $BASH_VERSION'"
    said = second.kubectl("exec", "-n", "images", "tester", "--", "sh", "-c", inside)
    assert "10.96.0.1" in said
    assert "curl 7" in said or "curl 8" in said


def test_down_leaves_nothing(second: Bed) -> None:
    namespace = Path(f"/proc/{init_pid(second)}/ns/net").readlink()
    (second.state_dir / "init.json").unlink()  # as if `up` had been killed before it wrote it
    second.down()
    left = [link for link in Path("/proc").glob("[0-9]*/ns/net") if same(link, namespace)]
    assert left == []
    assert cgroups.remaining(second.sandbox.cgroup) == []
    assert str(second.state_dir) not in Path("/proc/self/mountinfo").read_text()
    assert sorted(path.name for path in second.state_dir.iterdir()) == ["log"]
    with pytest.raises(BedError, match="is down: run"):
        second.kubectl("get", "nodes")


def same(link: Path, namespace: Path) -> bool:
    try:
        return link.readlink() == namespace
    except OSError:  # the process has just ended
        return False
