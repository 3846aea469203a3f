"""Debian's packages for the bed: which are missing, and installing them without side effects.

No package may be removed for them, and no service may start: the bed runs its own.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bed.errors import BedError
from tests.bed.pins import DEBIAN_PACKAGES, DebianPackage

POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_MARK = "# canary-bed"
_POLICY_TEXT = (
    f"#!/bin/sh\n{_POLICY_MARK}: no service starts while packages are installed\nexit 101\n"
)
# busybox-static is the same program without libraries, and takes the place of busybox.
_REPLACEABLE = frozenset({"busybox"})
_LOCK_TIMEOUT_S = 300


def missing_packages() -> list[str]:
    """The names of the bed's packages that are not installed."""
    installed = _installed_names(DEBIAN_PACKAGES)
    return [
        package.name
        for package in DEBIAN_PACKAGES
        if installed.isdisjoint((package.name, *package.instead))
    ]


def missing_requirements() -> list[str]:
    """What this machine lacks besides packages, each as one line that says what to do."""
    needed = {
        "apt-get": "the bed needs Debian 12 or a relative of it with apt-get: use such a machine",
        "dpkg-query": "the bed needs Debian 12 or a relative of it with dpkg: use such a machine",
        "unshare": "unshare is not on PATH: apt-get install util-linux",
        "nsenter": "nsenter is not on PATH: apt-get install util-linux",
    }
    missing = [text for command, text in needed.items() if shutil.which(command) is None]
    if os.geteuid() != 0:
        missing.insert(0, "the bed makes namespaces and installs packages: run it as root (sudo)")
    return missing


def ensure_packages(say: Callable[[str], None]) -> None:
    """Install the Debian packages that are missing; nothing happens when all are there.

    Raises:
        BedError: a requirement is missing, a package would have to be removed, or apt-get failed.
    """
    problems = missing_requirements()
    if problems:
        raise BedError(problems[0])
    missing = missing_packages()
    if not missing:
        return
    started_s = time.monotonic()
    _apt(("update",), "check the network and /etc/apt/sources.list")
    _refuse_removals(missing)
    with services_held_back(POLICY):
        _apt(
            ("install", "--yes", "--no-install-recommends", *missing),
            f"run `apt-get install {' '.join(missing)}` and see what it says",
        )
    still = missing_packages()
    if still:
        raise BedError(f"apt-get did not install {', '.join(still)}: install them by hand")
    say(f"installed {', '.join(missing)}  {time.monotonic() - started_s:.0f} s")


@contextmanager
def services_held_back(policy: Path) -> Iterator[None]:
    """Let no package start a service inside the block; the machine's own policy comes back after.

    A block that was killed is put right by the next one: our policy is known by its mark.
    """
    kept = policy.with_name(f"{policy.name}.before-canary-bed")
    if policy.exists() and _POLICY_MARK not in policy.read_text(errors="replace"):
        policy.replace(kept)
    policy.write_text(_POLICY_TEXT)
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
        if kept.exists():
            kept.replace(policy)


def removals(simulation: str) -> set[str]:
    """The packages that `apt-get --simulate` says it would remove, but for replaceable ones."""
    named = set(re.findall(r"^(?:Remv|Purg) (\S+)", simulation, re.MULTILINE))
    return named - _REPLACEABLE


def _refuse_removals(missing: Sequence[str]) -> None:
    simulation = _apt(
        ("install", "--simulate", "--no-install-recommends", *missing),
        "enable Debian's main section in /etc/apt/sources.list",
    )
    lost = removals(simulation)
    if lost:
        raise BedError(
            f"installing {', '.join(missing)} would remove {', '.join(sorted(lost))}: remove or "
            "replace these yourself, or use another machine"
        )


def _apt(arguments: Sequence[str], advice: str) -> str:
    """Run apt-get quietly; its output. Raises BedError with apt's first complaint and advice."""
    done = subprocess.run(
        ("apt-get", "-qq", "-o", f"DPkg::Lock::Timeout={_LOCK_TIMEOUT_S}", *arguments),
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return done.stdout
    complaints = [line for line in done.stderr.splitlines() if line.startswith("E:")]
    said = (complaints or done.stderr.strip().splitlines() or ["no output"])[0]
    raise BedError(f"apt-get {arguments[0]} failed ({said.removeprefix('E:').strip()}): {advice}")


def _installed_names(packages: Sequence[DebianPackage]) -> set[str]:
    names = [name for package in packages for name in (package.name, *package.instead)]
    done = subprocess.run(
        ("dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\n", *names),
        capture_output=True,
        text=True,
        check=False,  # it ends with 1 as soon as one name is unknown
    )
    lines = (line.split() for line in done.stdout.splitlines())
    return {name for status, name in lines if status == "installed"}
