"""Builds the bed's Go programs once per user and set of pins, and publishes them atomically.

Layout under the cache: `bin/<program>-<hash of its pins>/` for each program, `bin-<hash of all>/`
with all executables in one directory, `work/` while a build runs. A directory that is there under
its final name is complete; everything else may be deleted at any time.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bed.errors import BedError
from tests.bed.golang import Workshop, build_program, go_problem
from tests.bed.pins import PROGRAMS, Program
from tests.bed.places import cache_root

Say = Callable[[str], None]

SOURCES = Path(__file__).parent / "go"
NEEDED_SPACE_GB = 20
_PARTIAL = ".partial-"


def fingerprint(program: Program) -> str:
    """Twelve hex digits that change with anything that changes this program's executables."""
    digest = hashlib.sha256(f"{platform.machine()} {program!r}".encode())
    root = SOURCES / program.name
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:12]


def program_dir(program: Program) -> Path:
    """Where this program's executables are published, whether they are there yet or not."""
    return cache_root() / "bin" / f"{program.name}-{fingerprint(program)}"


def bin_dir() -> Path:
    """The directory with all executables, whether it is there yet or not."""
    every = "".join(fingerprint(program) for program in PROGRAMS)
    return cache_root() / f"bin-{hashlib.sha256(every.encode()).hexdigest()[:12]}"


def build_problems() -> list[str]:
    """What keeps a build from starting, each as one line that says what to do; nothing if built."""
    if bin_dir().is_dir():
        return []
    cache = cache_root()
    existing = next(path for path in (cache, *cache.parents) if path.is_dir())
    free_gb = shutil.disk_usage(existing).free // 1_000_000_000
    short = free_gb < NEEDED_SPACE_GB and (
        f"{existing} has {free_gb} GB free, a build needs {NEEDED_SPACE_GB} GB for a while: make "
        "room or set CANARY_BED_CACHE to a directory on another disk"
    )
    return [problem for problem in (go_problem(), short) if problem]


def ensure_built(say: Say) -> Path:
    """Build what the cache does not hold yet; the directory of all executables.

    Takes about 15 minutes on 2 cores with an empty cache. Safe to run several times at once: the
    others wait for the first.

    Raises:
        BedError: a requirement is missing, or a download or the compiler failed.
    """
    target = bin_dir()
    if target.is_dir():
        return target
    cache_root().mkdir(parents=True, exist_ok=True)
    with _only_build(say) as lock:
        if not target.is_dir():
            _build_all(target, say, lock)
    return target


def _build_all(target: Path, say: Say, lock: int) -> None:
    _remove_leftovers()
    missing = [program for program in PROGRAMS if not program_dir(program).is_dir()]
    problems = build_problems() if missing else []
    if problems:
        raise BedError(problems[0])
    if missing:
        names = ", ".join(program.name for program in missing)
        say(f"building {names} from source: once, 10 to 25 minutes on 2 cores")
    workshop = Workshop(root=cache_root() / "work", lock=lock)
    for program in missing:
        _build_one(program, workshop, say)
    with _published(target) as partial:
        for program in PROGRAMS:
            _link_all(program_dir(program), partial)
    shutil.rmtree(workshop.root, ignore_errors=True)


def _build_one(program: Program, workshop: Workshop, say: Say) -> None:
    started_s = time.monotonic()
    workshop.root.mkdir(parents=True, exist_ok=True)
    with _published(program_dir(program)) as partial:
        build_program(program, SOURCES, partial, workshop)
        absent = [name for name in program.executables if not os.access(partial / name, os.X_OK)]
        if absent:
            raise BedError(f"building {program.name} gave no {', '.join(absent)}: correct pins.py")
    say(f"built {program.name}  {time.monotonic() - started_s:.0f} s")


def _link_all(source: Path, target: Path) -> None:
    # Hard links take no space and, unlike symbolic ones, outlive the per-program directory.
    for executable in source.iterdir():
        os.link(executable, target / executable.name)


@contextmanager
def _published(target: Path) -> Iterator[Path]:
    """An empty directory that takes its final name once the body has ended without an error."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=target.parent))
    try:
        yield partial
        partial.chmod(0o755)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_leftovers() -> None:
    """Delete what a killed build left behind; called only while holding the lock."""
    for directory in (cache_root(), cache_root() / "bin"):
        for partial in directory.glob(f"{_PARTIAL}*"):
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _only_build(say: Say) -> Iterator[int]:
    """Hold the cache's build lock, whose descriptor this is.

    It falls with the last process that has it open, however that ends: what a killed build has
    started goes on writing for a while.
    """
    with (cache_root() / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build of the bed to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def main() -> int:
    """Install the packages, build the programs and print where they are; the exit code."""
    from tests.bed.debian import ensure_packages  # noqa: PLC0415 - for this entry point only

    try:
        ensure_packages(print)
        print(ensure_built(print))
    except BedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
