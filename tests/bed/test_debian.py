"""Installing Debian's packages: nothing is removed for them, and no service is started."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bed import debian
from tests.bed.errors import BedError
from tests.bed.pins import DEBIAN_PACKAGES

ALL = [package.name for package in DEBIAN_PACKAGES]

# Answers from a file of installed names; both scripts live in a directory beside it.
DPKG_QUERY = """#!/bin/sh
cd "$(dirname "$0")"
for name in "$@"; do
  grep -qx -- "$name" installed && echo "installed $name"
done
exit 1
"""
APT_GET = """#!/bin/sh
cd "$(dirname "$0")"
echo "$@" >> asked
for said in "$@"; do
  case "$said" in
    update|--simulate) break ;;
    install) cat policy > policy-seen ;;
  esac
done
case "$said" in
  update) test ! -e offline || { echo "E: Failed to fetch: no network" >&2; exit 100; } ;;
  --simulate) cat simulated ;;
  *) test ! -e broken && for name in "$@"; do echo "$name" >> installed; done ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of fake tools: apt-get, dpkg-query, and the files that tell them what to do."""
    for name, text in (("apt-get", APT_GET), ("dpkg-query", DPKG_QUERY)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "installed").write_text("iproute2\npython3\ncontainerd.io\n")
    (tmp_path / "simulated").write_text("Inst hey (0.1.4-2 Debian:12 [amd64])\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def silent(_: str) -> None:
    """Hear nothing."""


def test_packages_that_do_the_same_job_count(machine: Path) -> None:
    assert machine.is_dir()
    missing = debian.missing_packages()
    assert missing == [
        name for name in ALL if name not in {"containerd", "runc", "iproute2", "python3"}
    ]


def test_only_what_is_missing_is_installed_and_services_are_held_back(machine: Path) -> None:
    said: list[str] = []
    debian.ensure_packages(said.append)
    asked = (machine / "asked").read_text().splitlines()
    assert [line.split()[3] for line in asked] == ["update", "install", "install"]
    assert " hey " in asked[-1]
    assert not re.search(r"iproute2|python3|containerd ", asked[-1])
    assert "exit 101" in (machine / "policy-seen").read_text()
    assert not (machine / "policy").exists()
    assert len(said) == 1
    assert said[0].startswith("installed containernetworking-plugins, etcd-server")
    debian.ensure_packages(said.append)
    assert len((machine / "asked").read_text().splitlines()) == 3


def test_an_install_that_would_remove_something_is_refused(machine: Path) -> None:
    (machine / "simulated").write_text("Remv docker.io [24]\nRemv busybox [1.35]\nInst hey\n")
    with pytest.raises(BedError, match=r"would remove docker\.io: remove or replace"):
        debian.ensure_packages(silent)
    assert "hey" not in (machine / "installed").read_text()


def test_a_package_that_does_not_arrive_is_named(machine: Path) -> None:
    (machine / "broken").touch()
    with pytest.raises(BedError, match=r"apt-get install failed .*: run `apt-get install contain"):
        debian.ensure_packages(silent)
    assert not (machine / "policy").exists()


def test_no_network_is_one_line_that_says_what_to_do(machine: Path) -> None:
    (machine / "offline").touch()
    with pytest.raises(BedError) as error:
        debian.ensure_packages(silent)
    assert str(error.value) == (
        "apt-get update failed (Failed to fetch: no network): "
        "check the network and /etc/apt/sources.list"
    )


def as_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.mark.parametrize(
    ("lack", "line"),
    [(as_a_user, r"run it as root \(sudo\)"), (without_tools, "apt-get: use such a machine")],
)
def test_a_missing_requirement_is_one_line(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    lack: Callable[[pytest.MonkeyPatch], None],
    line: str,
) -> None:
    lack(monkeypatch)
    with pytest.raises(BedError, match=line) as error:
        debian.ensure_packages(silent)
    assert "\n" not in str(error.value)
    assert not (machine / "asked").exists()


def test_every_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without_tools(monkeypatch)
    lines = debian.missing_requirements()
    assert [line for line in lines if line.startswith(("unshare", "nsenter"))] == [
        "unshare is not on PATH: apt-get install util-linux",
        "nsenter is not on PATH: apt-get install util-linux",
    ]


def test_the_machines_own_policy_comes_back_even_after_a_killed_install(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o750)
    killed = debian.services_held_back(policy)
    killed.__enter__()  # and never left, as after kill -9
    assert "exit 101" in policy.read_text()
    with debian.services_held_back(policy):
        assert "exit 101" in policy.read_text()
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.stat().st_mode & 0o777 == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["policy-rc.d"]
