"""The planted bugs, and why each of them is one."""

from __future__ import annotations

from tests.simulation.mutants import of_decisions, of_effects

MUTANTS = (*of_decisions.MUTANTS, *of_effects.MUTANTS)
