"""The processes of a project's dynamic provider: they carry out its runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.project import Project


def signal_providers(project: Project, number: signal.Signals) -> None:
    """Send each of them this signal."""
    for process in providers(project):
        os.kill(process, number)


def providers(project: Project) -> Iterator[int]:
    """Their ids as this machine counts them."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            here = (entry / "cwd").resolve(strict=True) == project.directory.resolve()
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if here and b"pulumi.dynamic" in words:
            yield int(entry.name)
