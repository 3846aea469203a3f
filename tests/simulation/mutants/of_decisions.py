"""Bugs in what a run decides."""

from __future__ import annotations

from tests.simulation.mutants.mutant import Edit, Mutant

MUTANTS = (
    Mutant(
        name="roll-back-to-dead-primary",
        why="a roll back moves users to a primary without pods",
        seed=147,
        edits=(
            Edit(
                path="canary/core/retreat.py",
                old=("    if state.stranded and (\n        state.weight_percent or"),
                new=("    if not state and (\n        state.weight_percent or"),
            ),
            Edit(
                path="canary/engine/run.py",
                old="if leaves(route, self.record, record) and self._stranded():",
                new="if not route and self._stranded():",
            ),
        ),
    ),
    Mutant(
        name="restore-to-dead-primary",
        why="a repeated restore moves users to a primary without pods",
        seed=147,
        edits=(
            Edit(
                path="canary/core/retreat.py",
                old=("    if state.stranded:\n        return _stay"),
                new=("    if not state:\n        return _stay"),
            ),
            Edit(
                path="canary/engine/run.py",
                old="if leaves(route, self.record, record) and self._stranded():",
                new="if not route and self._stranded():",
            ),
        ),
    ),
    Mutant(
        name="open-end",
        why="a run that was given up looks unfinished for ever",
        seed=145,
        edits=(
            Edit(
                path="canary/core/retreat.py",
                old=(
                    "    effects = ending(state, Effect.CLOSE, Effect.STOP_CANARY)\n"
                    "    return Decision(state=after, reason=cause,"
                ),
                new=(
                    "    effects = ending(state, Effect.STOP_CANARY)\n"
                    "    return Decision(state=after, reason=cause,"
                ),
            ),
        ),
    ),
    Mutant(
        name="failed-is-passed",
        why="a version that fails is promoted",
        seed=114,
        edits=(
            Edit(
                path="canary/core/transitions.py",
                old=(
                    "    if end.grade is Grade.FAIL:\n"
                    "        decision = _failed_check(state, seen, plan, end.text)\n"
                    "    elif end.grade is Grade.PASS:"
                ),
                new="    if end.grade in {Grade.FAIL, Grade.PASS}:",
            ),
        ),
    ),
    Mutant(
        name="skipped-weight",
        why="a weight of the plan is never judged",
        seed=1,
        edits=(
            Edit(
                path="canary/core/moves.py",
                old="step=state.step if promoting else state.step + 1,",
                new="step=state.step if promoting else state.step + 2,",
            ),
        ),
    ),
    Mutant(
        name="no-bake",
        why="a weight is judged as soon as it is live",
        seed=137,
        edits=(
            Edit(
                path="canary/core/bake.py",
                old="    return began_s + length_s(state, plan) - seen.now_s",
                new="    return began_s - seen.now_s",
            ),
        ),
    ),
    Mutant(
        name="endless-run",
        why="maxDuration ends nothing",
        seed=15,
        edits=(
            Edit(
                path="canary/core/breach.py",
                old="    if seen.now_s - state.began_s - held_s <= plan.max_duration_s:",
                new="    if seen.now_s >= state.began_s:",
            ),
        ),
    ),
    Mutant(
        name="not-ready",
        why="users are sent to a version without pods",
        seed=3,
        edits=(
            Edit(
                path="canary/core/scaling.py",
                old="    if seen.canary is None or seen.canary.ready < needed:\n",
                new="    if seen.canary is None or seen.canary.ready < 0:\n",
            ),
        ),
    ),
    Mutant(
        name="weight-before-pods",
        why="a weight rises while its pods still start",
        seed=66,
        edits=(
            Edit(
                path="canary/core/scaling.py",
                old="    if not missing:\n        return Asked(state=state)\n",
                new="    if missing is not None:\n        return Asked(state=state)\n",
            ),
        ),
    ),
    Mutant(
        name="small-at-the-top",
        why="a version gets all requests with a part of its pods",
        seed=1,
        edits=(
            Edit(
                path="canary/core/scaling.py",
                old="    return plan.weight(state.step + 1)\n",
                new="    return min(plan.weight(state.step + 1), state.weight_percent + 50)\n",
            ),
        ),
    ),
    Mutant(
        name="still-exposed",
        why="a rejected version keeps those whom a rule picks",
        seed=16,
        edits=(
            Edit(
                path="canary/core/retreat.py",
                old="replace(state, weight_percent=0, mirror_percent=0, exposed=False)",
                new="replace(state, weight_percent=0, mirror_percent=0)",
            ),
        ),
    ),
    Mutant(
        name="left-without-pods",
        why="users stay with a canary that has no ready pod although the primary has some",
        seed=363,
        edits=(
            Edit(
                path="canary/core/breach.py",
                old=(
                    "    if _lasted(state.unready_since_s, seen.now_s, NO_READY_POD_S):\n"
                    '        return f"no pod of the canary is ready{_because(pods)}"\n'
                    "    if _lasted(state.short_since_s, seen.now_s, SHORT_POLLS * plan.poll_s):\n"
                ),
                new="    if not state.phase:\n",
            ),
        ),
    ),
)
