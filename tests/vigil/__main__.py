"""`python -m tests.vigil [APPS …]`: measure and print what the guard costs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary.components.guard_charge import Charge
from canary.components.guard_specs import mount
from tests.vigil import looks
from tests.vigil.crowd import crowd

LEVELS = (1, 50, 200)
LOOKS = 60  # two minutes of the guard's time
POLL_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one guard: its share of a core, its greatest memory, and how many runs it watched."""

    core_percent: float
    peak_mb: float
    runs: int


def measured(apps: int, *, busy: bool, looks_: int = LOOKS) -> Cost:
    """What the guard of so many apps costs, at rest or while all of them are in a run."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        for path, text in mount(Charge(apps={})).items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text)
        script = home / "looks.py"  # its folder is where the interpreter finds the guard
        script.write_text(Path(looks.__file__).read_text())
        with crowd(apps, home, busy=busy) as (url, certificate):
            command = [sys.executable, "-S", "-E", str(script), url, str(certificate), str(looks_)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told = json.loads(done.stdout)
    percent = told["cpu_s"] / POLL_S * 100
    return Cost(core_percent=percent, peak_mb=told["peak_mb"], runs=told["runs"])


def main(arguments: Sequence[str]) -> None:
    """Print a line for each number of apps."""
    print("apps  in runs  % of a core  MB")
    for apps in [int(word) for word in arguments] or LEVELS:
        for busy in (False, True):
            cost = measured(apps, busy=busy)
            print(f"{apps:4}  {cost.runs:7}  {cost.core_percent:11.2f}  {cost.peak_mb:4.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
