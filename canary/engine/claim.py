"""How a run begins: its course, and the record by which it claims the route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from canary.core.plan import Plan
from canary.core.record import Phase, Record
from canary.core.scaling import due_size
from canary.core.size import Size
from canary.core.state import Course, State
from canary.engine.request import Request

FORMER = 5  # as many versions are remembered; each is a few bytes of an annotation


def course_of(plan: Plan, found: Record | None, version: str, wall_s: float) -> Course:
    """How the version gets its traffic, given the record at rest."""
    if found is None or not found.primary:
        return Course.FIRST
    returns = returns_in_time(found.former, version, plan.rollback_window_s, wall_s)
    return Course.DIRECT if plan.skip_analysis or returns else Course.JUDGED


def returns_in_time(
    former: Mapping[str, float], version: str, window_s: float, wall_s: float
) -> bool:
    """Whether the version was primary so lately that it need not prove itself again.

    A moment that far in the future was written by a clock that was wrong, or is wrong now.
    """
    return version in former and abs(wall_s - former[version]) <= window_s


def settled(record: Record, course: Course) -> Record:
    """The record at rest after a promotion: the canary is the primary."""
    former = _former(record, course)
    rest = replace(record, primary=record.canary, canary="", weight_percent=0, exposed=False)
    return replace(rest, former=former)


def _former(record: Record, course: Course) -> dict[str, float]:
    """The versions that were primary, once the canary of `record` has taken over.

    A version that was left in haste for one before it is not among them: it was left for a reason,
    and has to prove itself again.
    """
    in_haste = course is Course.DIRECT and record.canary in record.former
    left = {} if in_haste or not record.primary else {record.primary: round(record.moved_at, 3)}
    known = {**record.former, **left}
    known.pop(record.canary, None)
    newest = sorted(known.items(), key=lambda entry: entry[1], reverse=True)[:FORMER]
    return dict(newest)


def begun(plan: Plan, course: Course, now_s: float) -> State:
    """The state of a run that prepares; what judging needs is there from then on."""
    state = State(began_s=now_s, entered_s=now_s, course=course)
    if course is Course.JUDGED:
        state = replace(state, exposed=plan.previewed, baseline=plan.baseline)
    size = Size(full=plan.replicas, asked=due_size(state, plan), asked_s=now_s)
    return replace(state, size=size)


def claim_of(request: Request, found: Record | None, wall_s: float, state: State) -> Record:
    """The record of a run that prepares; traffic stays as `found` has it."""
    primary = found.primary if found else ""
    known = found.images if found else {}
    images = {primary: known.get(primary, primary)} if primary else {}
    return Record(
        owner=request.owner,
        run=request.run,
        phase=Phase.PREPARING,
        primary=primary,
        canary=request.version,
        exposed=state.exposed,
        baseline=state.baseline,
        moved_at=found.moved_at if found else wall_s,
        images={**images, request.version: request.image},
        former=found.former if found else {},
        lease=request.lease,
    )
