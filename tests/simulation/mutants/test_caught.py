"""The swarm is tested itself: every planted bug is caught, so no promise is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.mutants.mutant import SEEDS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_swarm_catches_it(mutant: Mutant, tmp_path: Path) -> None:
    assert mutant.caught(tmp_path), f"{SEEDS} stories notice nothing, although {mutant.why}"
