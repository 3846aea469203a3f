"""The bed's commands: `python -m tests.bed up | down | status | run | build | logs`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from tests.bed.cluster import DEFAULT, Bed
from tests.bed.errors import BedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(COMMANDS[options.command](options))
    except BedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"error: {error.filename or error}: not permitted: run as root", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("error: interrupted: run `python -m tests.bed up` to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default=DEFAULT, help="which bed; several run side by side")
    parser = argparse.ArgumentParser(prog="python -m tests.bed", description="The test cluster.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", parents=[named], help="start the cluster, or repair it")
    commands.add_parser("down", parents=[named], help="end it and delete what it wrote")
    commands.add_parser("status", parents=[named], help="what runs, and where things are")
    commands.add_parser("build", help="install packages, build programs and images, start nothing")
    run = commands.add_parser("run", parents=[named], help="run a command inside the cluster")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD…")
    logs = commands.add_parser("logs", parents=[named], help="what a component has written")
    logs.add_argument("component", nargs="?", default="", help="none: list them")
    return parser


def _stopwatch() -> Callable[[str], None]:
    began = time.monotonic()

    def say(step: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {step}", flush=True)

    return say


def _up(options: argparse.Namespace) -> int:
    say = _stopwatch()
    bed = Bed(options.name).up(say)
    say(f"up: KUBECONFIG={bed.kubeconfig}, inside `python -m tests.bed run -- CMD…`")
    return 0


def _down(options: argparse.Namespace) -> int:
    say = _stopwatch()
    Bed(options.name).down()
    say(f"{options.name} is down: no process, mount, control group or namespace is left")
    return 0


def _status(options: argparse.Namespace) -> int:
    """Print what runs; the exit code is 0 only for a bed that is whole."""
    bed = Bed(options.name)
    init = bed.sandbox.init()
    if init is None:
        print(f"{bed.name}: down")
        return 1
    rows = bed.sandbox.status().get("components", {})
    whole = bool(rows) and all(row["state"] == "ready" for row in rows.values())
    print(f"{bed.name}: {'up' if whole else 'not whole: run `python -m tests.bed up`'}")
    print(f"  pid 1       {init.pid}")
    for name, row in rows.items():
        print(f"  {name:24}{row['state']:10}{row['end']}")
    print(f"  kubeconfig  {bed.kubeconfig}")
    print(f"  logs        {bed.state_dir / 'log'}")
    from tests.bed.pulumi_home import plugins_in_use  # noqa: PLC0415 - slow to load

    for name, origin in plugins_in_use().items():
        print(f"  {name:28}{origin}")
    return 0 if whole else 1


def _run(options: argparse.Namespace) -> int:
    """Turn into the process that stands in for the command, signals and exit code included."""
    argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
    if not argv:
        raise BedError("no command: python -m tests.bed run -- CMD…")
    bed = Bed(options.name)
    command = bed.command(argv)
    os.execvpe(command[0], command, bed.env)  # noqa: S606 - this process becomes the command


def _build(_: argparse.Namespace) -> int:
    from tests.bed import build, debian, images  # noqa: PLC0415 - needed by this command alone

    say = _stopwatch()
    debian.ensure_packages(say)
    bin_dir = build.ensure_built(say)
    say(f"programs in {bin_dir}")
    say(f"images in {images.ensure_archive(bin_dir, say)}")
    return 0


def _logs(options: argparse.Namespace) -> int:
    directory = Bed(options.name).state_dir / "log"
    names = sorted(path.stem for path in directory.glob("*.log"))
    if options.component not in names:
        known = ", ".join(names) or f"none yet: run `python -m tests.bed up --name {options.name}`"
        raise BedError(f"no log of {options.component!r}; there is {known}")
    sys.stdout.write((directory / f"{options.component}.log").read_text(errors="replace"))
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": _up,
    "down": _down,
    "status": _status,
    "run": _run,
    "build": _build,
    "logs": _logs,
}

if __name__ == "__main__":
    sys.exit(main())
