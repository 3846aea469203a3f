"""The namespaces of one bed: started with a supervisor as pid 1, entered, and ended with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bed import cgroups
from tests.bed.errors import BedError

CHECKOUT = Path(__file__).parents[2]
UNSHARE = (
    *("unshare", "--net", "--mount", "--pid", "--ipc", "--uts"),
    *("--fork", "--kill-child", "--mount-proc", "--propagation", "private"),
)
STARTED_WITHIN_S = 15.0
ENDED_WITHIN_S = 15.0
REACTS_WITHIN_S = 10.0
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine; `born` tells it from a later one with the same number."""

    pid: int
    born: str

    def alive(self) -> bool:
        """Whether it runs and is not just a zombie."""
        stat = _stat(self.pid)
        return bool(stat) and stat[19] == self.born and stat[0] != "Z"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A bed's namespaces and control groups; what runs inside is the plan's business."""

    name: str
    state_dir: Path

    @property
    def cgroup(self) -> str:
        """The name of the bed's control group in every hierarchy."""
        return f"canary-bed-{self.name}"

    def init(self) -> Process | None:
        """The bed's pid 1, seen from outside; None when the bed is down."""
        try:
            process = Process(**json.loads((self.state_dir / "init.json").read_text()))
        except (FileNotFoundError, ValueError):
            return None
        return process if process.alive() else None

    def start(self) -> Process:
        """Start pid 1 on the plan in the state directory; it works on after this returns."""
        cgroups.create(self.cgroup)
        supervisor = (sys.executable, "-m", "tests.bed.supervisor", str(self.state_dir))
        command = ("env", "-C", str(CHECKOUT), *UNSHARE, *supervisor)
        log = str(self.state_dir / "log" / "supervisor.log")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        outer = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        process = self._first_child(outer)
        (self.state_dir / "init.json").write_text(
            json.dumps({"pid": process.pid, "born": process.born})
        )
        return process

    def _first_child(self, outer: int) -> Process:
        children = Path(f"/proc/{outer}/task/{outer}/children")
        deadline = time.monotonic() + STARTED_WITHIN_S
        while time.monotonic() < deadline and not _reaped(outer):
            if pids := children.read_text().split():
                return Process(int(pids[0]), _stat(int(pids[0]))[19])
            time.sleep(POLL_S)
        said = self.log_tail("supervisor") or "nothing was said"
        raise BedError(f"no namespaces ({said}): run as root, with CAP_SYS_ADMIN in a container")

    def log_tail(self, name: str) -> str:
        """The last line that a component wrote."""
        try:
            lines = (self.state_dir / "log" / f"{name}.log").read_text(errors="replace").split("\n")
        except FileNotFoundError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def status(self) -> dict[str, Any]:
        """What pid 1 has last written; empty before its first word."""
        try:
            written: dict[str, Any] = json.loads((self.state_dir / "status.json").read_text())
        except FileNotFoundError:
            return {}
        return written

    def repair(self) -> bool:
        """Have pid 1 start what is dead and ask the rest anew; False if it does not react."""
        last = self.status().get("round", 0)
        process = self.init()
        deadline = time.monotonic() + REACTS_WITHIN_S
        if process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGHUP)
        while process and process.alive() and time.monotonic() < deadline:
            if self.status().get("round", 0) > last:
                return True
            time.sleep(POLL_S)
        return False

    def command(self, argv: list[str], directory: str) -> list[str]:
        """The command that runs `argv` inside, standing in for it outside (see enter.py)."""
        process = self.init()
        if not process:
            raise BedError(f"the bed {self.name!r} is down: run `python -m tests.bed up`")
        enter = str(Path(__file__).with_name("enter.py"))
        return [sys.executable, "-E", "-S", enter, str(process.pid), directory, *argv]

    def stop(self) -> None:
        """End every process of the bed at once, and with them its mounts and namespaces.

        Finds them without init.json too, which an `up` that was killed may not have written.
        """
        outermost = [pid for pid in _pids() if self._is_supervisor(pid)]
        members = self._members({_namespace(pid) for pid in outermost} - {_namespace(os.getpid())})
        for pid in outermost:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._await_end(members)
        cgroups.remove(self.cgroup)
        (self.state_dir / "init.json").unlink(missing_ok=True)

    def _is_supervisor(self, pid: int) -> bool:
        """Whether this is the bed's pid 1, or the unshare around it."""
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:  # gone
            return False
        return command.endswith(f"tests.bed.supervisor\0{self.state_dir}\0".encode())

    def _members(self, namespaces: set[str]) -> list[Process]:
        """All processes that share the bed's mounts, those that entered from outside included."""
        found = [(pid, _stat(pid)) for pid in _pids() if _namespace(pid) in namespaces - {""}]
        return [Process(pid, stat[19]) for pid, stat in found if stat]

    def _await_end(self, processes: list[Process]) -> None:
        deadline = time.monotonic() + ENDED_WITHIN_S
        while alive := [each for each in processes if each.alive()]:
            if time.monotonic() > deadline:
                pids = ", ".join(str(each.pid) for each in alive)
                raise BedError(f"processes of the bed do not end: look at {pids} with ps")
            time.sleep(POLL_S)
        for each in processes:
            _reaped(each.pid)


def _reaped(pid: int) -> bool:
    """Whether a child of this very process has ended; nothing is known of other processes."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state first, start time as the 20th."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _pids() -> list[int]:
    return [int(each) for each in os.listdir("/proc") if each.isdigit()]  # noqa: PTH208


def _namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/mnt").readlink())
    except OSError:  # gone, or a zombie
        return ""
