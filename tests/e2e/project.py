"""A user's project in a directory of its own: the real CLI's commands and what they printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.bed.cluster import Bed
from tests.e2e.waiting import await_

CHECKOUT = Path(__file__).parents[2]
PLAIN = ("--non-interactive", "--color=never")
GO_AHEAD = ("--yes", "--skip-preview")
UP_WITHIN_S = 300.0
COMMAND_WITHIN_S = 120.0
KILLED_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a command came to."""

    code: int
    text: str
    seconds: float

    def lines(self, part: str) -> list[str]:
        """The printed lines that contain `part`."""
        return [line.strip() for line in self.text.splitlines() if part in line]

    @property
    def counts(self) -> dict[str, int]:
        """How many resources were created, updated, deleted, unchanged, by these words."""
        _, _, summary = self.text.partition("\nResources:\n")
        found = re.findall(r"^ +(?:\S+ )?(\d+) (\w+)$", summary, re.MULTILINE)
        return {what: int(number) for number, what in found}

    @property
    def reasons(self) -> list[str]:
        """The lines at the end that say why it failed, without the rows that said so before."""
        _, _, summary = self.text.partition("\nDiagnostics:\n")
        errors = [line.strip() for line in summary.splitlines() if "error:" in line]
        return [line for line in errors if line != "error: update failed"]


class Running:
    """A command that was started and can be interrupted or killed."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self._output = output
        self._began = time.monotonic()

    @property
    def text(self) -> str:
        """What it has printed so far."""
        return self._output.read_text(errors="replace")

    def await_text(self, part: str, within_s: float) -> None:
        """Return once it has printed `part`."""

        def printed() -> bool:
            return part in self.text or self.process.poll() is not None

        await_(printed, f"{part!r} in:\n{self.text}", within_s)
        assert part in self.text, self.text

    def finish(self, within_s: float = UP_WITHIN_S) -> Result:
        """Wait for its end; one that does not end in time is killed and fails the test."""
        try:
            code = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end within {within_s:g} s:\n{self.text}") from None
        return Result(code=code, text=self.text, seconds=time.monotonic() - self._began)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(2)

    def kill(self) -> None:
        """End the CLI at once, as kill -9 does; plugins notice in their own ways."""
        self.process.kill()
        self.process.wait(KILLED_WITHIN_S)


class Project:
    """One stack: `write` its configuration, then `up`, `preview`, `refresh`, `destroy`."""

    def __init__(self, bed: Bed, directory: Path, stack: str, backend: Path | None = None) -> None:
        """Lay out the directory as a clone of the repository has it; state is in `backend`."""
        self.bed = bed
        self.directory = directory
        self.stack = stack
        self._elsewhere = {"PULUMI_BACKEND_URL": f"file://{backend}"} if backend else {}
        self._commands: list[Running] = []
        (directory / "stacks").mkdir(parents=True, exist_ok=True)
        for name in ("Pulumi.yaml", "__main__.py", "canary"):
            (directory / name).unlink(missing_ok=True)
            (directory / name).symlink_to(CHECKOUT / name)
        (directory / ".venv").unlink(missing_ok=True)
        (directory / ".venv").symlink_to(sys.prefix)

    @property
    def reports(self) -> Path:
        """Where runs leave their reports."""
        return self.directory / "reports"

    def write(self, config: Mapping[str, Any]) -> None:
        """Make this the stack's configuration; keys without their "canary:"."""
        path = self.directory / "stacks" / f"Pulumi.{self.stack}.yaml"
        kept = yaml.safe_load(path.read_text()) if path.exists() else {}
        kept["config"] = {f"canary:{key}": value for key, value in config.items()}
        path.write_text(yaml.safe_dump(kept, sort_keys=False))

    def init(self) -> None:
        """Make the stack, unless it exists."""
        self.run("stack", "select", "--create", self.stack)

    def up(self, *arguments: str, fails: bool = False) -> Result:
        """Carry out `pulumi up`, which must succeed, or else fail."""
        return self._checked(self.start_up(*arguments).finish(), fails=fails)

    def start_up(self, *arguments: str) -> Running:
        """Start `pulumi up`."""
        return self.start("up", *GO_AHEAD, *arguments)

    def preview(self, *arguments: str, fails: bool = False) -> Result:
        """Carry out `pulumi preview`."""
        return self.run("preview", *arguments, fails=fails)

    def refresh(self, *arguments: str) -> Result:
        """Carry out `pulumi refresh`."""
        return self.run("refresh", *GO_AHEAD, *arguments)

    def destroy(self, *arguments: str, fails: bool = False) -> Result:
        """Carry out `pulumi destroy`."""
        running = self.start("destroy", *GO_AHEAD, *arguments)
        return self._checked(running.finish(), fails=fails)

    def cloned(self, directory: Path) -> Project:
        """The same stack for somebody else: a directory and a state of their own, as of now."""
        backend = directory / "state"
        backend.mkdir(parents=True)
        clone = Project(self.bed, directory / "project", self.stack, backend)
        name = Path("stacks") / f"Pulumi.{self.stack}.yaml"
        shutil.copy(self.directory / name, clone.directory / name)
        clone.init()
        state = clone.directory / "state.json"
        state.write_text(self.run("stack", "export").text)
        clone.run("stack", "import", "--file", str(state))
        return clone

    def export(self) -> dict[str, Any]:
        """The state's resources by URN."""
        state = json.loads(self.run("stack", "export").text)
        resources = state["deployment"].get("resources") or []
        return {resource["urn"]: resource for resource in resources}

    def run(self, *arguments: str, fails: bool = False) -> Result:
        """Carry out any of the CLI's commands, which must succeed, or else fail."""
        return self._checked(self.start(*arguments).finish(COMMAND_WITHIN_S), fails=fails)

    def start(self, *arguments: str) -> Running:
        """Start any of the CLI's commands; its output goes to a file beside the project."""
        output = self.directory / f"{len(self._commands):02}-{arguments[0]}.txt"
        command = ["pulumi", *arguments, *PLAIN]
        if arguments[:2] != ("stack", "select"):
            command += ["--stack", self.stack]
        with output.open("w") as out:
            process = self.bed.popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                env={
                    "CANARY_REPORT": str(self.reports),
                    "CI": os.environ.get("CI", ""),
                    **self._elsewhere,
                },
            )
        running = Running(process, output)
        self._commands.append(running)
        return running

    def close(self, namespaces: tuple[str, ...]) -> None:
        """Leave nothing, however the test ended: no process, no stack, no namespace."""
        for running in self._commands:
            if running.process.poll() is None:
                running.kill()
        for namespace in namespaces:
            delete = ("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
            self.bed.kubectl(*delete)
        self.start("stack", "rm", "--yes", "--force").finish(COMMAND_WITHIN_S)

    def _checked(self, result: Result, *, fails: bool) -> Result:
        assert (result.code != 0) == fails, f"exit code {result.code}:\n{result.text}"
        return result
