"""Measures the operating characteristics and writes docs/evidence.md.

`python -m tests.characteristics` takes as many releases as fit five minutes on one core;
`--good 10000` as many good ones as promised.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from tests.characteristics import limits, page
from tests.characteristics.cases import BAD, GOOD, UNSHARED
from tests.characteristics.runs import Summary, release

TARGET = Path("docs/evidence.md")


def main(arguments: list[str]) -> int:
    """Run everything, show progress, write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.characteristics", description=__doc__)
    parser.add_argument("--good", type=int, default=1200, help="releases of good versions, in all")
    parser.add_argument("--bad", type=int, default=60, help="releases of each bad version")
    parser.add_argument("--limits", type=int, default=60, help="releases of each case beyond")
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    began_s = time.monotonic()
    each = -(-options.good // len(GOOD))
    good = [_told(Summary.of(c.name, partial(release, c), range(each))) for c in GOOD]
    bad = [_told(Summary.of(c.name, partial(release, c), range(options.bad))) for c in BAD]
    beyond = [*_beyond(options.limits)]
    options.target.write_text(page.text(good, bad, beyond), encoding="utf-8")
    print(f"{options.target}: {time.monotonic() - began_s:.0f} s")
    return 0


def _beyond(runs: int) -> list[Summary]:
    seeds = range(runs)
    unshared = [Summary.of(case.name, partial(release, case), seeds) for case in UNSHARED]
    cycles = [
        Summary.of(
            f"one of {period} requests fails, {'at random' if shuffled else 'in turn'}",
            partial(limits.cyclic, period=period, shuffled=shuffled),
            seeds,
        )
        for period, shuffled in ((2, False), (2, True), (20, False), (20, True))
    ]
    lates = [
        Summary.of(
            f"answers take {seconds:g} s, 2.5 % fail at once, {rate:g}/s",
            partial(limits.late, seconds=seconds, rate_per_s=rate),
            seeds if rate < 100 else range(runs // 3),
        )
        for rate, seconds in ((20.0, 1.5), (20.0, 5.0), (1000.0, 1.5), (1000.0, 5.0))
    ]
    return [_told(summary) for summary in (*unshared, *cycles, *lates)]


def _told(summary: Summary) -> Summary:
    seconds, _ = summary.seconds
    stopped = f"{summary.stopped} of {len(summary.endings)} stopped"
    print(f"{summary.name}: {stopped}, median {seconds:.1f} s", flush=True)
    return summary


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
