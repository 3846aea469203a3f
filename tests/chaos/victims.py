"""The processes whose death a release must survive, and how they are found and struck."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.e2e.world import World

PROC = Path("/proc")


class Victim(StrEnum):
    """Who is struck."""

    CLI = "CLI"
    HOST = "language host"
    PROGRAM = "program"
    PROVIDER = "provider"
    GUARD = "guard"
    API_SERVER = "API server"
    PROMETHEUS = "Prometheus"
    TRAEFIK = "Traefik"


class Blow(StrEnum):
    """How: it is gone at once, or does nothing for a while and then goes on."""

    KILL = "kill -9"
    STOP = "kill -STOP"


# What tells a process: its file's name, or the module that its interpreter runs.
_MARKS = {
    Victim.CLI: ("pulumi",),
    Victim.HOST: ("pulumi-language-python", "tests.bed.language_host"),
    Victim.PROGRAM: ("pulumi-language-python-exec",),
    Victim.PROVIDER: ("pulumi.dynamic",),
    Victim.GUARD: ("canary.guard",),
    Victim.API_SERVER: ("kube-apiserver",),
    Victim.PROMETHEUS: ("prometheus",),
    Victim.TRAEFIK: ("traefik",),
}
_OF_ONE_STACK = {Victim.CLI, Victim.HOST, Victim.PROGRAM, Victim.PROVIDER}


@dataclass(frozen=True, slots=True)
class _Process:
    """One that runs, as this machine counts it."""

    pid: int
    words: tuple[str, ...]

    @classmethod
    def of(cls, pid: int) -> _Process | None:
        """None for one that has just ended, or a thread of the kernel."""
        try:
            text = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return None
        words = tuple(word for word in text.split("\0") if word)
        return cls(pid, words) if words else None

    def is_(self, victim: Victim) -> bool:
        """Whether this is the victim's command line."""
        interpreted = "python" in Path(self.words[0]).name
        looked_at = self.words if interpreted else self.words[:1]
        return any(
            Path(word).name == mark or f"from {mark} import" in word
            for word in looked_at
            for mark in _MARKS[victim]
        )

    def says(self, part: str) -> bool:
        """Whether its environment contains this."""
        try:
            return part.encode() in (PROC / str(self.pid) / "environ").read_bytes()
        except OSError:
            return False


def find(world: World, victim: Victim) -> list[int]:
    """The victim's processes: of this world's `pulumi up`, of its guard, or of the whole bed.

    Raises:
        AssertionError: there is none.
    """
    if victim in _OF_ONE_STACK:  # they came into the bed from outside
        place = str(world.project.directory.resolve())
        running = (_Process.of(int(entry.name)) for entry in PROC.glob("[0-9]*"))
        found = [p for p in running if p and p.is_(victim) and _is_at(p.pid, place)]
    else:
        init = world.bed.sandbox.init()
        assert init is not None
        found = [process for process in _below(init.pid) if process.is_(victim)]
    if victim is Victim.GUARD:
        found = [process for process in found if process.says(world.namespace)]
    assert found, f"no {victim} is running"
    return [process.pid for process in found]


def strike(pids: list[int], number: signal.Signals) -> None:
    """Send all of them a signal; one that has ended meanwhile needs none."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _below(pid: int) -> Iterator[_Process]:
    """Every descendant."""
    for task in (PROC / str(pid) / "task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            process = _Process.of(int(child))
            if process is not None:
                yield process
            yield from _below(int(child))


def _is_at(pid: int, place: str) -> bool:
    try:
        return str((PROC / str(pid) / "cwd").resolve(strict=True)).startswith(place)
    except OSError:
        return False
