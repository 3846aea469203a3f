"""The chronicle: collects what a run did, step by step, and makes the report of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from canary.core import texts
from canary.core.record import Phase, Record
from canary.core.report import Report, Step
from canary.core.state import Decision, Effect, Seen, State
from canary.engine.request import Request
from canary.ports import Clock


@dataclass(slots=True, kw_only=True)
class Chronicle:
    """Grows with a run's decisions; durations are monotonic seconds, `began_wall_s` is unix."""

    began_s: float
    began_wall_s: float
    steps: list[Step] = field(default_factory=list)
    shielded_requests: int = 0
    last_look_s: float = 0.0
    bake_began_s: float | None = None
    held: bool = False
    restore_began_s: float | None = None
    restore_s: float | None = None

    def note(self, before: State, decision: Decision, seen: Seen) -> None:
        """Keep what a finished or broken bake came to."""
        moved = Effect.OPEN_WINDOW in decision.effects or (decision.state.share != before.share)
        ended = before.baked_from_s is not None and (
            moved or decision.state.phase is Phase.SUCCEEDED
        )
        if ended:
            self._keep(before, decision, seen)

    def report(self, request: Request, record: Record, state: State, clock: Clock) -> Report:
        """Everything about the run, once it has ended."""
        begun = record.images
        promoted = state.phase is Phase.SUCCEEDED
        from_version = _other(record, request.version)
        from_image = begun.get(from_version, from_version)
        reason = (
            f"{request.image} promoted"
            if promoted
            else texts.rejection(request.image, from_image, state, self.restore_s)
        )
        return Report(
            app=request.app,
            namespace=request.namespace,
            run=request.run,
            outcome=_outcome(state),
            reason=reason,
            from_version=from_version,
            to_version=request.version,
            from_image=from_image,
            to_image=request.image,
            started_at=self.began_wall_s,
            seconds=clock.now_s() - self.began_s,
            restore_s=self.restore_s,
            failed_checks=state.failed_checks,
            shielded_requests=self.shielded_requests,
            steps=tuple(self.steps),
        )

    def _keep(self, before: State, decision: Decision, seen: Seen) -> None:
        window = seen.window
        began_s = before.baked_from_s if before.baked_from_s is not None else seen.now_s
        texts_ = tuple(verdict.text for verdict in decision.verdicts) or (decision.reason,)
        self.shielded_requests += window.fallback_requests if window else 0
        step = Step(
            weight_percent=before.weight_percent,
            mirror_percent=before.mirror_percent,
            iteration=before.iteration,
            seconds=round(seen.now_s - began_s, 3),
            canary_requests=window.canary.requests if window else 0,
            primary_requests=window.primary.requests if window else 0,
            beside=window.beside if window else "primary",
            verdicts=texts_,
        )
        now = decision.state
        waits = now.passed_already or bool(now.suspended)
        holds = waits and now.failed_checks == before.failed_checks
        if self.held and holds:
            step = _together(self.steps.pop(), step)
        self.held = holds
        self.steps.append(step)


def _together(one: Step, other: Step) -> Step:
    """Bakes that passed while a run is held are one: it may be held for days."""
    return replace(
        other,
        seconds=round(one.seconds + other.seconds, 3),
        canary_requests=one.canary_requests + other.canary_requests,
        primary_requests=one.primary_requests + other.primary_requests,
    )


def _outcome(state: State) -> str:
    if state.phase is Phase.SUCCEEDED:
        return "promoted"
    return "interrupted" if state.stopped else "rejected"


def _other(record: Record, version: str) -> str:
    others = [known for known in record.images if known != version]
    return others[0] if others else ""
