"""Pid 1 of a bed: `python -m tests.bed.supervisor STATE_DIR`.

Makes the bed's world, starts the components of plan.json in the order of their needs, reaps
every child, and keeps status.json true. It restarts nothing by itself: a dead component stays
dead, and visible, until `up` sends SIGHUP.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bed import world
from tests.bed.errors import BedError
from tests.bed.probes import Probe

PROBE_EVERY_S = 0.05
SIGNALS = {signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM}


@dataclass(slots=True, kw_only=True)
class Component:
    """One long-running program and what is known about it."""

    name: str
    argv: list[str]
    after: list[str]
    probes: list[Probe]
    state: str = "waiting"  # waiting, starting, ready, dead
    pid: int = 0
    end: str = ""
    ready_after_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """The table of components and its loop."""

    state_dir: Path
    components: dict[str, Component]
    env: dict[str, str]
    round: int = 1
    began: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Bring everything up, then wait for news; returns on SIGTERM."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        while True:
            self.advance()
            self.write_status()
            news = signal.sigtimedwait(SIGNALS, PROBE_EVERY_S if self.unsettled() else 3600)
            self.reap()
            if news and news.si_signo == signal.SIGTERM:
                return
            if news and news.si_signo == signal.SIGHUP:
                self.repair()

    def unsettled(self) -> bool:
        """Whether there is a component to start or to ask."""
        return any(each.state in {"waiting", "starting"} for each in self.components.values())

    def advance(self) -> None:
        """Start what can start, and ask what has started."""
        for each in self.components.values():
            needs_met = all(self.components[need].state == "ready" for need in each.after)
            if each.state == "waiting" and needs_met:
                self.start(each)
            elif each.state == "starting" and all(probe.passes() for probe in each.probes):
                each.state = "ready"
                each.ready_after_s = round(time.monotonic() - self.began, 2)

    def start(self, component: Component) -> None:
        """Run the component with its output in its own log file."""
        log = str(self.state_dir / "log" / f"{component.name}.log")
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        component.pid = os.posix_spawnp(
            component.argv[0],
            component.argv,
            self.env,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=[],
        )
        component.state = "starting"

    def reap(self) -> None:
        """Collect every ended process: the components and the orphans that pid 1 inherits."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for each in self.components.values():
                if each.pid == pid:
                    code = os.waitstatus_to_exitcode(status)
                    each.end = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
                    each.state = "dead"

    def repair(self) -> None:
        """Start the dead anew and ask the living again."""
        self.round += 1
        self.began = time.monotonic()
        for each in self.components.values():
            each.state = "waiting" if each.state in {"dead", "waiting"} else "starting"
            each.end = ""

    def write_status(self) -> None:
        """Replace status.json, so that a reader never sees half of it."""
        rows: dict[str, Any] = {}
        for each in self.components.values():
            row = asdict(each)
            rows[each.name] = {key: row[key] for key in ("state", "pid", "end", "ready_after_s")}
        write_json(self.state_dir / "status.json", {"round": self.round, "components": rows})


def write_json(path: Path, content: Any) -> None:
    """Write a file in one step."""
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content))
    draft.rename(path)


def load(state_dir: Path) -> Supervisor:
    """Read the plan that `up` has written."""
    plan = json.loads((state_dir / "plan.json").read_text())
    components = {
        each["name"]: Component(
            name=each["name"],
            argv=each["argv"],
            after=each["after"],
            probes=[Probe(**probe) for probe in each["probes"]],
        )
        for each in plan["components"]
    }
    return Supervisor(state_dir=state_dir, components=components, env=plan["env"])


def main() -> int:
    """Be pid 1."""
    state_dir = Path(sys.argv[1])
    supervisor = load(state_dir)
    try:
        world.prepare(state_dir, "bed")
    except (BedError, OSError) as error:
        write_json(state_dir / "status.json", {"round": 0, "components": {}, "error": str(error)})
        return 1
    supervisor.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
