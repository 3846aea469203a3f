"""`python -m tests.simulation`: as many stories as one likes, or one again, told in full."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.simulation.conduct import WARM_S
from tests.simulation.scenario import draw
from tests.simulation.story import play
from tests.simulation.swarm import all_broken, at_most, broken_by, first_broken

SHOWN = 10


def main(arguments: list[str]) -> int:
    """1 when a promise was broken, 0 when all were kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="so many stories, from --first on")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="so many processes")
    parser.add_argument("--until-broken", action="store_true", help="stop at the first")
    parser.add_argument("--seed", type=int, help="tell the story of this seed again")
    given = parser.parse_args(arguments)
    if given.seed is not None:
        return _tell(given.seed)
    seeds = range(given.first, given.first + given.seeds)
    began_s = time.monotonic()
    if given.until_broken:
        first = first_broken(seeds)
        broken = [first] if first else []
    else:
        broken = at_most(all_broken(seeds, given.jobs), SHOWN)
    for one in broken:
        print(f"seed {one.seed}: {one.text}")
    if broken:
        print(f"again, told in full: python -m tests.simulation --seed {broken[0].seed}")
        return 1
    print(f"{len(seeds)} stories kept every promise ({time.monotonic() - began_s:.0f} s)")
    return 0


def _tell(seed: int) -> int:
    scenario = draw(seed)
    print(scenario)
    for at_s, kind in scenario.happenings:
        print(f"at {WARM_S + at_s:.1f} s: {kind.value}")
    for at_s, text in scenario.orders:
        print(f"at {WARM_S + at_s:.1f} s: {text}")
    story = play(scenario)
    print(*story.world.journal.transcript, sep="\n")
    print(f"after {story.seconds:.1f} s: {story.text or 'promoted'}")
    broken = broken_by(seed)
    print(f"broken: {broken.text}\n{broken.trace}" if broken else "every promise was kept")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
