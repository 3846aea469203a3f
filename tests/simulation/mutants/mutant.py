"""What a planted bug is, and how the swarm is let loose on it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
SEEDS = 500
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """`old`, which `path` has exactly once, becomes `new`."""

    path: str
    old: str
    new: str

    @property
    def source(self) -> str:
        """The module with the bug in it."""
        text = (ROOT / self.path).read_text(encoding="utf-8")
        found = text.count(self.old)
        assert found == 1, f"{self.path} has {self.old!r} {found} times: plant the bug anew"
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A bug to plant, and why it is one; of more than one edit where one thing is kept twice.

    `seed` is one that was seen to catch it: tried first, and not relied on.
    """

    name: str
    why: str
    edits: tuple[Edit, ...]
    seed: int

    def caught(self, directory: Path) -> str:
        """What the swarm says of it, "" if it notices nothing in `SEEDS` stories."""
        shutil.copytree(ROOT / "canary", directory / "canary")
        (directory / "tests").symlink_to(ROOT / "tests")
        for edit in self.edits:
            (directory / edit.path).write_text(edit.source, encoding="utf-8")
        return _swarm(directory, self.seed, 1) or _swarm(directory, 0, SEEDS)


def _swarm(directory: Path, first: int, seeds: int) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--until-broken"]
    done = subprocess.run(
        [*command, "--first", str(first), "--seeds", str(seeds)],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    broken = done.stdout.startswith("seed ")
    # Anything else is a bug of the planting: a module that cannot even be imported proves nothing.
    assert broken or not done.returncode, done.stdout + done.stderr
    return done.stdout if broken else ""
