"""Bugs in what only some kinds of releases need: orders, a way back, a cut restore."""

from __future__ import annotations

from tests.simulation.mutants.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        name="rises-while-suspended",
        why="a weight rises although somebody suspended the run",
        seed=0,
        edits=(
            Edit(
                path="canary/core/transitions.py",
                old='    if state.suspended:\n        return f"suspended by {state.suspended}"\n',
                new="",
            ),
        ),
    ),
    Mutant(
        name="orders-of-others",
        why="an order that was meant for another run is obeyed",
        seed=0,
        edits=(
            Edit(
                path="canary/core/orders.py",
                old="    return None if order.run and order.run != seen.run else order",
                new="    return order",
            ),
        ),
    ),
    Mutant(
        name="window-without-end",
        why="a version that served long ago is not judged",
        seed=0,
        edits=(
            Edit(
                path="canary/engine/claim.py",
                old="abs(wall_s - former[version]) <= window_s",
                new="bool(window_s)",
            ),
        ),
    ),
    Mutant(
        name="forgiven-haste",
        why="a version that was left for one before it comes back unjudged",
        seed=0,
        edits=(
            Edit(
                path="canary/engine/claim.py",
                old="    in_haste = course is Course.DIRECT and record.canary in record.former\n",
                new="    in_haste = course is Course.FIRST\n",
            ),
        ),
    ),
    Mutant(
        name="unfinished-restore",
        why="a restore that a guard died in is finished by no other",
        seed=0,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='    return str(record.get("run", "")).startswith(MARK)',
                new='    return "run" not in record',
            ),
        ),
    ),
    Mutant(
        name="stop-under-callers",
        why="pods are stopped that callers inside the cluster are led to",
        seed=502,
        edits=(
            Edit(
                path="canary/engine/pods.py",
                old="    if ports.apex.version() == record.canary:  #",
                new="    if not record.canary:  #",
            ),
        ),
    ),
)
