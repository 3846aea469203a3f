"""docs/robustness.md: what became of each run when a part of the machinery died."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.chaos.states import ALL as STATES
from tests.chaos.states import ROLLING_BACK
from tests.chaos.trial import ASLEEP_S, PAUSE_S, RATE, RESTORED_WITHIN_S, Cell
from tests.chaos.victims import Blow, Victim

INTRODUCTION = f"""\
# However it dies

Written by `make chaos`; do not edit. In one `pulumi up` {len(STATES)} apps are released, and each
is held in another state of its run. Then one process is killed (`kill -9`), or stopped for
{PAUSE_S:g} s (`kill -STOP`, then `-CONT`; the provider for {ASLEEP_S:g} s, and when it wakes up it
may write nothing), while users ask these apps {RATE:g} times a second in all, GET and POST in
turns. A killed API server is started again after {PAUSE_S:g} s, a pod by its kubelet.

A cell is the time until the lists gave all traffic to the old version; in brackets, where it took
longer, until every replica of Traefik did so and the run was marked as failed. Promised are
{RESTORED_WITHIN_S:g} s, from the death or from the API server's return. *Went on*: nothing that
the run needs was harmed, so it was not ended. *Failed* counts users' requests with a 5xx, a 404, a
broken connection or no answer in 5 s, over the whole trial: before the blow, through it, and
through the next `pulumi up`, which in every trial released a third version of all apps.
Everything ran on one machine with two cores.
"""
NOTES = """\
*Mirrored*: the canary gets copies of requests. *Exposed*: iterations of blue/green, with the canary
on its preview host alone. *Gated*: a shut confirm-promotion gate holds 50 %. *Suspended*: an
operator does. *RollingBack*: an operator aborted the run, and the blow falls in the middle of its
way back: the plain list already gives all traffic to the old version, and the API server refuses
the shielded one, which still gives half of it to the canary, until then. A driver that is alive
goes on and ends it, so there is a time in each of this column's cells.

Traefik asks an API server that was gone for that long again only after up to half a minute, and
routes until then as it did before: nothing outside Traefik can hasten that. It may hear of new
pods later than of weights: in one of four trials of a run that was rolling back while the API
server was killed, the next `pulumi up` raised the weight of pods that a replica did not know yet,
POSTs met 503 for 30 s, and that update rolled back. The failed requests of the trial that is shown
may be of the same kind; the other two had none.

Traefik runs with two replicas. Both are struck at once here, so that nobody is left to answer; what
users lose then is not the release's doing, which only holds its weight.
"""


def text(cells: Sequence[Cell]) -> str:
    """The whole page."""
    head = [*(state.name for state in STATES), "requests", "failed"]
    rows = [row(chosen) for chosen in _by_trial(cells)]
    table = [f"| struck | {' | '.join(head)} |", f"|---|{'---:|' * len(head)}", *rows]
    told = ["## What was said", "", *_told(cells)]
    return "\n".join([INTRODUCTION, *table, "", NOTES, *_apart(cells), *told, ""])


def _apart(cells: Sequence[Cell]) -> Iterator[str]:
    """Which cells are not of the same `pulumi up` as the rest of their row."""
    fewer = [cell for cell in cells if cell.apps < max(one.apps for one in cells)]
    names = sorted({cell.state for cell in fewer})
    if names:
        least = min(cell.apps for cell in fewer)
        yield (
            f"{', '.join(names)}: of trials of their own, with no more than {least} "
            f"{'app' if least == 1 else 'apps'} at a time, whom all users ask.\n"
        )


def _by_trial(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    for victim in Victim:
        for blow in Blow:
            chosen = [cell for cell in cells if (cell.victim, cell.blow) == (victim, blow)]
            if chosen:
                yield chosen


def row(cells: Sequence[Cell]) -> str:
    """One trial's row of the table."""
    by_state = {cell.state: cell for cell in cells}
    ends = [_end(by_state.get(state.name)) for state in STATES]
    counts = [f"{sum(c.requests for c in cells)}", f"{sum(c.failed for c in cells)}"]
    return f"| {cells[0].victim}, `{cells[0].blow}` | {' | '.join([*ends, *counts])} |"


def _end(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    if cell.restored_s is None or cell.ended_s is None:
        return "went on"
    late = f" ({cell.ended_s:.1f} s)" if cell.ended_s > cell.restored_s + 1 else ""
    return f"{cell.restored_s:.1f} s{late}"


def _told(cells: Sequence[Cell]) -> Iterator[str]:
    """The record's reason in the state Progressing, and the next update's line if it repaired.

    A run that was rolling back may have had a reason of its own.
    """
    for chosen in _by_trial(cells):
        reasons = {cell.state: _anonymous(cell.reason) for cell in chosen if cell.reason}
        struck = f"- {chosen[0].victim}, `{chosen[0].blow}`"
        first = reasons.get("Progressing", "")
        if first:
            yield f"{struck}: {first}"
        back = reasons.get(ROLLING_BACK.name, first)
        if back != first:
            yield f"{struck}, {ROLLING_BACK.name}: {back}"
        for one in chosen:
            if one.repaired:
                yield f"  - the next `pulumi up`, {one.state}: {_anonymous(one.repaired)}"


def _anonymous(said: str) -> str:
    """Without the run's id, which differs each time."""
    words = said.split()
    marked = [
        "…" if before == "run" else word
        for before, word in zip(["", *words[:-1]], words, strict=True)
    ]
    return " ".join(marked)
