"""The planted bugs, and why each of them is one."""

from __future__ import annotations

from tests.simulation.mutants import of_decisions, of_effects, of_kinds, of_the_guard

MUTANTS = (
    *of_decisions.MUTANTS,
    *of_effects.MUTANTS,
    *of_kinds.MUTANTS,
    *of_the_guard.MUTANTS,
)
