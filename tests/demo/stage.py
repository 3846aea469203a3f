"""Where the demo plays: a copy of the project with a stack of its own, on a bed.

The checkout's own stack files are never written. The copy lies beside the bed's other files, is
made anew by every demo, and goes with `python -m tests.bed down`.
"""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bed.cluster import Bed
from tests.bed.errors import BedError

ROOT = Path(__file__).resolve().parents[2]
STACK = "demo"
UP = ("up", "--yes", "--skip-preview", "--stack", STACK)
HOST = "app.example.com"
IMAGE_KEY = "canary:apps.podinfo.image"
FIRST_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Stage:
    """The copy, and the real CLI in it."""

    bed: Bed

    @property
    def directory(self) -> Path:
        """Where the copy of the project lies."""
        return self.bed.state_dir / STACK

    def build(self) -> None:
        """Copy the project with the dev stack's configuration under another stack name."""
        shutil.rmtree(self.directory, ignore_errors=True)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "canary", self.directory / "canary", ignore=ignore)
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, self.directory)
        (self.directory / "stacks").mkdir()
        target = self.directory / "stacks" / f"Pulumi.{STACK}.yaml"
        shutil.copy(ROOT / "stacks" / "Pulumi.dev.yaml", target)
        (self.directory / ".venv").symlink_to(sys.prefix)

    def clear(self) -> None:
        """Destroy what an earlier demo left, also one that was killed; quietly.

        Raises:
            BedError: it could not be destroyed.
        """
        stacks = json.loads(self.said("stack", "ls", "--json"))
        if STACK not in {str(stack["name"]) for stack in stacks}:
            return
        self.said("cancel", "--yes", "--stack", STACK)
        self.said("destroy", "--yes", "--skip-preview", "--remove", "--stack", STACK)
        self.build()  # removing a stack removes its file

    def pulumi(self, *arguments: str) -> int:
        """Run the CLI with the terminal for its own; its exit code."""
        sys.stdout.flush()
        with self.bed.popen(["pulumi", *arguments], cwd=self.directory) as process:
            return int(process.wait())

    def said(self, *arguments: str) -> str:
        """What a quiet command of the CLI prints.

        Raises:
            BedError: it failed; with what it said.
        """
        command = ["pulumi", *arguments, "--non-interactive", "--color=never"]
        pipe = subprocess.PIPE
        with self.bed.popen(
            command, cwd=self.directory, stdout=pipe, stderr=pipe, text=True
        ) as process:
            out, error = process.communicate()
        if process.returncode != 0:
            raise BedError(f"`{' '.join(command)}` failed: {(error or out).strip()}")
        return str(out)

    def set_image(self, image: str) -> None:
        """What a release is: one line of the stack's configuration."""
        self.said("config", "set", "--stack", STACK, "--path", IMAGE_KEY, image)

    @contextmanager
    def entrance(self) -> Iterator[int]:
        """A loopback port that leads to Traefik's public Service, as users reach it."""
        field = "jsonpath={.spec.clusterIP}"
        address = self.bed.kubectl("-n", "traefik", "get", "service", "traefik", "-o", field)
        with self.bed.forwarded(80, address) as port:
            yield port


def serving(port: int) -> str:
    """The version that Traefik's answer to a user comes from, in podinfo's own words."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FIRST_ANSWER_S)
    try:
        connection.request("GET", "/", headers={"Host": HOST})
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise BedError(f"Traefik answered {response.status} to a user of {HOST}")
        return str(json.loads(body)["message"])
    finally:
        connection.close()
