"""A seeded swarm of whole runs against a faulty world: however they go, they keep the promises.

`python -m tests.simulation` tries more of them, and one again.
"""

from __future__ import annotations

import pytest

from tests.simulation.swarm import keep_promises

BLOCK = 10  # seeds a test: a test has a price of its own
SEEDS = 300
BLOCKS = [range(first, first + BLOCK) for first in range(0, SEEDS, BLOCK)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
def test_whatever_happens_the_promises_are_kept(seeds: range) -> None:
    for seed in seeds:
        try:
            keep_promises(seed)
        except AssertionError as error:
            error.add_note(f"again: python -m tests.simulation --seed {seed}")
            raise
