"""The control groups of one bed: one directory in every hierarchy, with all its pods below."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.bed.errors import BedError

ROOT = Path("/sys/fs/cgroup")
EMPTY_WITHIN_S = 10.0

# A cluster's nodes are its own. Here, tests and the Pulumi processes that they start share its two
# processors, each group of them with the default weight: all pods together would get a tenth of
# the time while ten of them are busy, and requests would queue up for seconds.
FIRST_SERVED = {"cpu.shares": 32 * 1024, "cpu.weight": 32 * 100}  # version 1, version 2


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Where control groups are made: each controller's mount, or the one of version 2."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return sorted(each for each in root.iterdir() if each.is_dir() and not each.is_symlink())


def create(group: str, root: Path = ROOT) -> None:
    """Make the group in every hierarchy; the kubelet wants it to be there."""
    for hierarchy in hierarchies(root):
        directory = hierarchy / group
        try:
            directory.mkdir(exist_ok=True)
        except OSError as error:
            raise BedError(
                f"cannot make {directory} ({error.strerror}): the bed needs a writable {root}: "
                "in a container, run it privileged"
            ) from error
        # A new cpuset of version 1 has no processors, and takes no process until it is given some.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (directory / setting).exists() and (hierarchy / setting).exists():
                (directory / setting).write_text((hierarchy / setting).read_text())
        for setting, weight in FIRST_SERVED.items():
            if (directory / setting).exists():
                (directory / setting).write_text(str(weight))


def remaining(group: str, root: Path = ROOT) -> list[Path]:
    """The group's directories that exist, in every hierarchy."""
    return [each / group for each in hierarchies(root) if (each / group).is_dir()]


def remove(group: str, root: Path = ROOT) -> None:
    """Remove the group's directories, deepest first.

    Raises:
        BedError: a directory still has processes after EMPTY_WITHIN_S.
    """
    deadline = time.monotonic() + EMPTY_WITHIN_S
    for top in remaining(group, root):
        for directory, _, _ in os.walk(top, topdown=False):
            _remove_when_empty(Path(directory), deadline)


def _remove_when_empty(directory: Path, deadline: float) -> None:
    while True:
        try:
            directory.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:  # busy: the kernel has not yet taken the last process out
            if time.monotonic() > deadline:
                raise BedError(
                    f"{directory} is still in use ({error.strerror}): end what runs in it"
                ) from error
            time.sleep(0.02)
        else:
            return
