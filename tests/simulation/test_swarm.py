"""A seeded swarm of whole runs against a faulty world: however they go, they keep the promises.

`CANARY_SEEDS=2000 pytest tests/simulation` tries more of them, `CANARY_SEED=123` one again.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.promises import check_afterwards, check_at_once, check_guarded, check_run
from tests.simulation.scenario import draw
from tests.simulation.story import play

BLOCK = 10  # seeds a test: a test has a price of its own
SEEDS = int(os.environ.get("CANARY_SEEDS", "300"))
ONE = os.environ.get("CANARY_SEED")
BLOCKS = (
    [range(int(ONE), int(ONE) + 1)]
    if ONE
    else [range(first, min(first + BLOCK, SEEDS)) for first in range(0, SEEDS, BLOCK)]
)


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_whatever_happens_the_promises_are_kept(seeds: range) -> None:
    for seed in seeds:
        try:
            _keeps_the_promises(seed)
        except AssertionError as error:
            error.add_note(f"again: CANARY_SEED={seed} pytest tests/simulation")
            raise


def _keeps_the_promises(seed: int) -> None:
    story = play(draw(seed))
    check_at_once(story)
    check_run(story)
    check_guarded(story)
    check_afterwards(story)
