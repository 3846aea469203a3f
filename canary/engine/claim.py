"""How a run begins: its course, and the record by which it claims the route."""

from __future__ import annotations

from canary.core.plan import Plan
from canary.core.record import Phase, Record
from canary.core.state import Course
from canary.engine.request import Request


def course_of(plan: Plan, found: Record | None) -> Course:
    """How the version gets its traffic, given the record at rest."""
    if found is None or not found.primary:
        return Course.FIRST
    return Course.DIRECT if plan.skip_analysis else Course.JUDGED


def claim_of(request: Request, found: Record | None, wall_s: float) -> Record:
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
        moved_at=found.moved_at if found else wall_s,
        images={**images, request.version: request.image},
    )
