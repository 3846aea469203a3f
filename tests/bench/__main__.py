"""Releases by this project and by Flagger, in turns, on the bed: `python -m tests.bench`.

Takes about an hour; `--times 1` takes one release of each kind, `--only` one kind. Writes
docs/benchmarks.md from docs/benchmarks.jsonl, which keeps a line for each release.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bed.cluster import Bed
from tests.bench import page
from tests.bench.cases import CASES, GOOD, Case
from tests.bench.ours import Ours
from tests.bench.peer import Peer
from tests.bench.platforms import platform
from tests.bench.sides import Side
from tests.bench.trial import Trial, at_rest, measure
from tests.e2e.shared import Platform
from tests.ledger import Ledger

TARGET = Path("docs/benchmarks.md")


def main(arguments: Sequence[str]) -> int:
    """Start a bed, measure, write the page, end the bed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--times", type=int, help="releases of each kind, instead of 3 or 7")
    parser.add_argument("--only", choices=[case.name for case in CASES], action="append")
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    chosen = [case for case in CASES if not options.only or case.name in options.only]
    bed = Bed("bench")
    bed.up(print)
    ledger = Ledger.beside(options.target, Trial, ("side", "case", "number"))
    try:
        with tempfile.TemporaryDirectory() as directory:
            for trial in _trials(
                platform(bed, Path(directory)), Path(directory), chosen, options.times
            ):
                print(json.dumps(asdict(trial)), flush=True)
                options.target.write_text(page.text(ledger.put([trial])), encoding="utf-8")
    finally:
        bed.down()
    return 0


def _trials(
    place: Platform, directory: Path, cases: Sequence[Case], times: int | None
) -> Iterator[Trial]:
    sides: tuple[Side, ...] = (Ours(place, directory), Peer(place, directory))
    try:
        for side in sides:
            side.install(GOOD[0])
        idle_per_min = at_rest(place.bed)
        for case in cases:
            for number in range(times or case.times):
                for side in sides:
                    trial = measure(place.bed, side, case, number, idle_per_min)
                    yield trial
                    if trial.outcome != "promoted":
                        side.settle(GOOD[0])
    finally:
        for side in sides:
            side.remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
