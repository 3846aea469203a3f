"""Bugs in what the guard concludes."""

from __future__ import annotations

from tests.simulation.mutants.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        name="slow-guard",
        why="what a dead driver left stays for more than 15 s",
        seed=5,
        edits=(
            Edit(path="canary/guard/decisions.py", old="EXPIRY_S = 10.0", new="EXPIRY_S = 20.0"),
        ),
    ),
    Mutant(
        name="hasty-guard",
        why="the guard acts on a living run",
        seed=19,
        edits=(
            Edit(path="canary/guard/decisions.py", old="EXPIRY_S = 10.0", new="EXPIRY_S = 2.0"),
        ),
    ),
    Mutant(
        name="guard-to-dead-primary",
        why="the guard moves users to a primary without pods",
        seed=94,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old="    return primary_ready > 0 or others_ready == 0",
                new="    return primary_ready + others_ready >= 0",
            ),
        ),
    ),
    Mutant(
        name="guard-leaves-picked",
        why="whom a rule picks stays on a canary that nobody watches",
        seed=148,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='        **({"exposed": False} if "exposed" in record else {}),\n',
                new="",
            ),
        ),
    ),
    Mutant(
        name="guard-leaves-copies",
        why="a canary that nobody watches goes on getting copies",
        seed=133,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='        **({"mirrored": 0} if "mirrored" in record else {}),\n',
                new="",
            ),
        ),
    ),
    Mutant(
        name="guard-stops-primary",
        why="the guard stops the version that serves",
        seed=4,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='    return str(canary) if failed else ""',
                new='    return str(primary) if failed else ""',
            ),
        ),
    ),
    Mutant(
        name="guard-stops-nothing",
        why="pods of a version that failed are left for ever",
        seed=5,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='    return str(canary) if failed else ""',
                new='    return "" if failed else ""',
            ),
        ),
    ),
    Mutant(
        name="guard-stops-runs",
        why="the guard stops the version of a run under way",
        seed=5,
        edits=(
            Edit(
                path="canary/guard/decisions.py",
                old='    failed = record["phase"] == "Failed" and isinstance(canary, str)',
                new="    failed = isinstance(canary, str)",
            ),
        ),
    ),
)
