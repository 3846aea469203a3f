"""The swarm: whole runs in a faulty world, one a seed, on every core.

Absent on purpose: what a run has to keep (`promises`), and what may happen to it (`scenario`).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice

from tests.simulation.promises import check_afterwards, check_at_once, check_guarded, check_run
from tests.simulation.reverting import check_reverted
from tests.simulation.scenario import draw
from tests.simulation.story import play

BLOCK = 20  # seeds a task: to hand one out has a price of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A seed whose story broke a promise: in one line, and where."""

    seed: int
    text: str
    trace: str


def keep_promises(seed: int) -> None:
    """Live through the story of a seed.

    Raises:
        AssertionError: it broke a promise.
    """
    story = play(draw(seed))
    check_at_once(story)
    check_run(story)
    check_reverted(story)
    check_guarded(story)
    check_afterwards(story)


def broken_by(seed: int) -> Broken | None:
    """What a seed's story broke, None when every promise was kept."""
    try:
        keep_promises(seed)
    except Exception as error:  # noqa: BLE001  a bug that shows as any other error is one, too
        said = str(error).splitlines() or ["a promise was broken"]
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        return Broken(seed=seed, text=f"{kind}{said[0]}", trace=traceback.format_exc())
    return None


def first_broken(seeds: Iterable[int]) -> Broken | None:
    """The first of these seeds that breaks a promise."""
    return next(filter(None, map(broken_by, seeds)), None)


def all_broken(seeds: range, jobs: int) -> Iterator[Broken]:
    """Every one of these seeds that breaks a promise, `jobs` at the same time."""
    with ProcessPoolExecutor(jobs) as pool:
        yield from filter(None, pool.map(broken_by, seeds, chunksize=BLOCK))


def at_most(broken: Iterable[Broken], count: int) -> list[Broken]:
    """The first few; whoever sees them has enough to read."""
    return list(islice(broken, count))
