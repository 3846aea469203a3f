"""Every planted bug still has its place; `make deep` plants them."""

from __future__ import annotations

import ast

import pytest

from tests.simulation.mutants.catalogue import MUTANTS
from tests.simulation.mutants.mutant import Mutant


def test_there_are_enough_of_them() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 20


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_it_can_be_planted(mutant: Mutant) -> None:
    assert all(ast.parse(edit.source) for edit in mutant.edits)
    assert len({edit.path for edit in mutant.edits}) == len(mutant.edits)
