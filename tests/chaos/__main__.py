"""Strike every part of the machinery in turn: `python -m tests.chaos`.

Takes most of an hour. Writes docs/robustness.md from docs/robustness.jsonl, which keeps a line for
each app of each trial: with `--only`, `--blow` and `--state` these alone are taken anew.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bed.cluster import Bed
from tests.chaos import page
from tests.chaos.states import ALL, State
from tests.chaos.trial import ASLEEP_S, PAUSE_S, Cell, carry_out
from tests.chaos.victims import Blow, Victim
from tests.e2e.shared import Platform, platform
from tests.e2e.world import World
from tests.ledger import Ledger

TARGET = Path("docs/robustness.md")


def main(arguments: Sequence[str]) -> int:
    """Carry out the trials and write the page; 1 if one of them broke a promise."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", choices=[victim.name for victim in Victim], action="append")
    parser.add_argument("--blow", choices=[blow.name for blow in Blow], action="append")
    parser.add_argument("--state", choices=[state.name for state in ALL], action="append")
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    ledger = Ledger.beside(options.target, Cell, ("victim", "blow", "state"))
    states = [state for state in ALL if state.name in (options.state or [state.name])]
    broken = 0
    with platform(Bed("chaos")) as shared:
        for victim, blow in _chosen(options.only, options.blow):
            try:
                found = _trial(shared, victim, blow, states)
            except AssertionError as error:
                broken += 1
                print(f"broken: {victim}, {blow}: {error}", file=sys.stderr, flush=True)
                continue
            print(page.row(found), flush=True)
            options.target.write_text(page.text(ledger.put(found)), encoding="utf-8")
    return 1 if broken else 0


def _chosen(victims: list[str] | None, blows: list[str] | None) -> Iterator[tuple[Victim, Blow]]:
    for victim in Victim:
        for blow in Blow:
            if victim.name in (victims or [victim.name]) and blow.name in (blows or [blow.name]):
                yield victim, blow


def _trial(shared: Platform, victim: Victim, blow: Blow, states: Sequence[State]) -> list[Cell]:
    with tempfile.TemporaryDirectory() as directory:
        world = World(shared, Path(directory), f"t{uuid.uuid4().hex[:8]}")
        try:
            world.project.init()
            pause_s = ASLEEP_S if victim is Victim.PROVIDER else PAUSE_S
            return carry_out(world, victim, blow, states=states, pause_s=pause_s)
        finally:
            world.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
