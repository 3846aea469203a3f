"""What releases by this project are to reach, and whether they did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from tests.bench.cases import INTERVAL_S, OURS, PEER, STEPS
from tests.bench.trial import Trial

SOAK_S = INTERVAL_S  # the default, one interval
DRAIN_S = 10  # the default
WAITS_S = {OURS: float(STEPS * INTERVAL_S + SOAK_S + DRAIN_S), PEER: float(STEPS * INTERVAL_S)}
OVER = 1.05  # times the shortest
EXPOSED_MOST_S = 15.0
TIMES_FASTER = 8.0
AFTER_EXIT_MOST_S = 10.0


def over_s(trial: Trial) -> float | None:
    """Seconds of a promotion beyond what is configured and the readiness of the canary's pods."""
    if trial.outcome != "promoted" or trial.ready_s is None:
        return None
    return trial.total_s - trial.ready_s - WAITS_S[trial.side]


def goals(ours: Sequence[Trial], peers: Sequence[Trial]) -> list[str]:
    """The rows of a table: a goal, what was measured, and whether that is enough."""
    return [
        f"| {goal} | {found} | {'yes' if reached else '**no**'} |"
        for goal, found, reached in _judged(ours, peers)
    ]


def _judged(ours: Sequence[Trial], peers: Sequence[Trial]) -> Iterator[tuple[str, str, bool]]:
    over = [value for trial in ours if (value := over_s(trial)) is not None]
    if over:
        most_s = (OVER - 1) * WAITS_S[OURS]
        goal = f"healthy: at most {most_s:.1f} s over {WAITS_S[OURS]:.0f} s of waits and readiness"
        yield goal, f"{median(over):.1f} s", median(over) <= most_s
    errors = _exposed(ours, "errors")
    if errors:
        goal = f"errors: exposed for at most {EXPOSED_MOST_S:.0f} s"
        yield goal, f"{median(errors):.1f} s", median(errors) <= EXPOSED_MOST_S
    for case in ("errors", "slow"):
        mine, theirs = _exposed(ours, case), _exposed(peers, case)
        if mine and theirs:
            times = median(theirs) / median(mine)
            goal = f"{case}: exposed for {TIMES_FASTER:.0f} times less than by the peer"
            yield goal, f"{times:.1f} times", times >= TIMES_FASTER
    exits = [trial.after_exit_s for trial in ours if trial.after_exit_s is not None]
    if exits:
        goal = f"crash: exposed for at most {AFTER_EXIT_MOST_S:.0f} s after the first exit"
        yield goal, f"{median(exits):.1f} s", median(exits) <= AFTER_EXIT_MOST_S
    if ours:
        failed = sum(trial.failed for trial in ours)
        yield "no failed request of the probe in any release", str(failed), not failed


def _exposed(trials: Sequence[Trial], case: str) -> list[float]:
    return [t.exposed_s for t in trials if t.case == case and t.exposed_s is not None]
