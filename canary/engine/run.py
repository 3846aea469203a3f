"""The only loop: look, decide, act, record, wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from canary.core import texts
from canary.core.gates import CALLS
from canary.core.pace import LIVE_LOOK_S, LOOK_S, RESTORE_PATIENCE_S
from canary.core.plan import Plan
from canary.core.record import TERMINAL, Phase, Record
from canary.core.report import Report
from canary.core.retreat import KEPT, give_up, roll_back, unrestored
from canary.core.seen import HookType, Occasion
from canary.core.state import Course, Decision, Effect, Seen, State
from canary.engine import baseline, pods
from canary.engine.chronicle import Chronicle
from canary.engine.claim import begun, claim_of, course_of, settled
from canary.engine.finale import call_post_rollout, drain
from canary.engine.lookout import Lookout
from canary.engine.patience import insist, patiently
from canary.engine.repair import leaves, stranded
from canary.engine.request import Request
from canary.engine.turn import in_turn
from canary.errors import ConflictError, Interrupted, NotRestored, PortError, Rejected
from canary.ports import Ports

WRITE_PATIENCE_S = 10.0
NOTE_PATIENCE_S = 1.0  # looking at the canary must not wait for a note


class Run:
    """One rollout from its claim to its report."""

    def __init__(self, request: Request, plan: Plan, ports: Ports, found: Record | None) -> None:
        self.request = request
        self.plan = plan
        self.ports = ports
        now_s = ports.clock.now_s()
        wall_s = ports.clock.wall_s()
        course = course_of(plan, found, request.version, wall_s)
        self.state = begun(plan, course, now_s)
        self.record = claim_of(request, found, wall_s, self.state)
        self.former = self.record.primary
        self.lookout = Lookout(plan=plan, ports=ports)
        self.chronicle = Chronicle(began_s=now_s, began_wall_s=wall_s)
        self.effects: Mapping[Effect, Callable[[], None]] = {
            Effect.SHIFT: self._shift,
            Effect.RESTORE: self._restore,
            Effect.SETTLE: self._settle,
            Effect.CLOSE: self._close,
            Effect.PERSIST: self._persist,
            Effect.DROP_BASELINE: self._drop_baseline,
            Effect.STOP_CANARY: lambda: pods.stop(self.record, self.ports),
            Effect.SCALE: self._scale,
            Effect.OPEN_WINDOW: self.lookout.open_window,
            Effect.CALL_PRE_ROLLOUT: lambda: self._call(HookType.PRE_ROLLOUT),
            Effect.CALL_ROLLOUT: lambda: self._call(HookType.ROLLOUT),
            **{effect: partial(self._call, kind) for kind, effect in CALLS.items()},
        }

    def drive(self) -> Record:
        """Run to the end, whatever happens on the way."""
        self._write(self.record, WRITE_PATIENCE_S)
        try:
            self._begin()
            while self.state.phase not in TERMINAL:
                self._carry_out(self._next())
        except BaseException as error:
            self._emergency(error)
            raise
        return self._end()

    def _begin(self) -> None:
        self.ports.journal.decided(self.record, f"run {self.request.run}: {self.request.image}")
        self.record = pods.hold(self.record, self.ports)
        if self.record.reserved:
            self._persist()
        try:
            pods.start(self.record, self.state, self.ports)
        except PortError as error:
            self._carry_out(give_up(self.state, str(error)))

    def _next(self) -> Decision:
        try:
            seen = self.lookout.look(self.state, self.record)
        except PortError as error:
            return self._unable(error)
        baseline.follow(self.state, seen, self.ports)
        decision = in_turn(self.state, seen, self.plan, self.ports.clock)
        self.chronicle.note(self.state, decision, seen)
        self.ports.journal.progress(texts.progress(self.state, decision, seen, self.plan))
        return decision

    def _unable(self, error: PortError) -> Decision:
        """An error that waiting does not heal ends the run as a breach would."""
        if self.state.phase is Phase.PREPARING:
            return give_up(self.state, str(error))
        decision = roll_back(self.state, self._blind(), str(error))
        self.chronicle.note(self.state, decision, self._blind())
        return decision

    def _blind(self) -> Seen:
        """Now, with nothing new to be seen."""
        return Seen(now_s=self.ports.clock.now_s(), window=self.lookout.window)

    def _carry_out(self, decision: Decision) -> None:
        before, self.state = self.state, decision.state
        if decision.loud:
            bad = self.state.phase in {Phase.ROLLING_BACK, Phase.FAILED}
            text = texts.told(before, decision, self.record)
            self.ports.journal.decided(self._named(), text, warning=bad)
        try:
            for effect in decision.effects:
                self.effects[effect]()
        except PortError as error:
            self._ineffective(before, decision, error)
        else:
            if self.state.phase not in TERMINAL:
                self.ports.clock.wait(decision.wait_s)

    def _ineffective(self, before: State, decision: Decision, error: PortError) -> None:
        """What could not be written: restore; and if that is what failed, try it again."""
        after = decision.state
        if after.phase is Phase.FAILED:
            self.ports.journal.decided(self._named(), f"could not tidy up: {error}", warning=True)
        elif after.phase is Phase.ROLLING_BACK:
            self._unrestored(before, after, error)
        elif before.phase is Phase.PREPARING and Effect.SHIFT not in decision.effects:
            failed = replace(before, phase=Phase.FAILED, cause=str(error))
            self._carry_out(
                Decision(state=failed, reason=str(error), effects=(Effect.CLOSE,), loud=True)
            )
        else:
            self._carry_out(roll_back(after, self._blind(), str(error)))

    def _unrestored(self, before: State, after: State, error: PortError) -> None:
        self.state = unrestored(after, before, str(error))
        if isinstance(error, ConflictError):  # whoever took the route over decides from now on
            self.state = replace(self.state, phase=Phase.FAILED)
            return
        self.ports.journal.progress(f"{self.state.doubt}; it is tried again")
        self.ports.clock.wait(LOOK_S if before.doubt else LIVE_LOOK_S)

    def _shift(self) -> None:
        self._write(self._named(moved=True), WRITE_PATIENCE_S)

    def _persist(self) -> None:
        """A note for people and for the next driver; without it the run goes on all the same."""
        try:
            self._write(self._named(), NOTE_PATIENCE_S)
        except PortError as error:
            self.ports.journal.progress(f"the record still says {self.record.phase}: {error}")

    def _settle(self) -> None:
        """The canary becomes the primary; callers inside the cluster follow first."""
        patiently(
            lambda: self.ports.apex.point_to(self.record.canary), self.ports, WRITE_PATIENCE_S
        )
        self._write(settled(self._named(moved=True), self.state.course), WRITE_PATIENCE_S)

    def _restore(self) -> None:
        """One attempt: before the next one, somebody looks which version has ready pods."""
        if self.chronicle.restore_began_s is None and not self.record.mirror_percent:
            self.chronicle.restore_began_s = self.ports.clock.now_s()
        self._overwrite(self._named(moved=True), 0.0)
        self._point_apex_back()

    def _point_apex_back(self) -> None:
        """Callers inside the cluster too, if they were sent to the canary."""
        if self.ports.apex.version() == self.record.canary:
            insist(lambda: self.ports.apex.point_to(self.record.primary))

    def _close(self) -> None:
        if self.chronicle.restore_began_s is not None:
            self.chronicle.restore_s = self.ports.clock.now_s() - self.chronicle.restore_began_s
        self._overwrite(self._named(), WRITE_PATIENCE_S)

    def _drop_baseline(self) -> None:
        self.record = baseline.drop(self.record, self.ports, self.record.run)

    def _scale(self) -> None:
        self.state = pods.grow(self.record, self.state, self.ports)

    def _call(self, kind: HookType) -> None:
        occasion = Occasion(type=kind, phase=self.state.phase.value, checksum=self.request.version)
        self.ports.hooks.call(occasion)

    def _write(self, record: Record, patience_s: float) -> None:
        patiently(lambda: self.ports.router.write(record), self.ports, patience_s)
        self.record = record

    def _overwrite(self, record: Record, patience_s: float) -> None:
        """Write over foreign edits, never over another run."""
        patiently(lambda: self._overwrite_once(record), self.ports, patience_s)
        self.record = record

    def _overwrite_once(self, record: Record) -> None:
        if self.ports.heartbeat.lapse():
            self.ports.heartbeat.resume()
        route = self.ports.router.route()
        if route is not None and route.record.run != record.run:
            raise ConflictError(f"run {route.record.run} took over; nothing more is written")
        if leaves(route, self.record, record) and self._stranded():  # since somebody looked last
            raise PortError(KEPT, retryable=True)
        insist(lambda: self.ports.router.write(record))

    def _named(self, *, moved: bool = False) -> Record:
        return replace(
            self.record,
            phase=self.state.phase,
            weight_percent=self.state.weight_percent,
            mirror_percent=self.state.mirror_percent,
            exposed=self.state.exposed,
            baseline=self.state.baseline,
            reason=self.state.cause,
            held=self.state.suspended,
            obeyed=self.state.obeyed,
            moved_at=self.ports.clock.wall_s() if moved else self.record.moved_at,
        )

    def _emergency(self, error: BaseException) -> None:
        """Traffic ends on the primary all the same; a second failure is added to the first."""
        cause = f"{type(error).__name__} in the engine"
        failed = replace(self.state, phase=Phase.FAILED, cause=cause)
        try:
            if self.record.phase not in TERMINAL:  # else what was to be restored is
                self._abort(failed)
        except Exception as also:  # noqa: BLE001  the first error is the one to be seen
            moved = unrestored(failed, failed, str(also))
            self.state = moved if failed.weight_percent else failed
        if self.state.doubt:
            error.add_note(self.state.doubt)
        self.ports.journal.finished(self._report())

    def _abort(self, failed: State) -> None:
        """End at once, with traffic where it can be served."""
        self.state = failed
        if (failed.weight_percent or failed.iteration) and self.record.primary:
            patiently(lambda: self._bring_back(failed), self.ports, RESTORE_PATIENCE_S)
        if not self.state.doubt:
            self.state = replace(failed, weight_percent=0, mirror_percent=0, exposed=False)
            self._close()
            self._drop_baseline()

    def _bring_back(self, failed: State) -> None:
        if self._stranded():
            self.state = replace(failed, doubt=KEPT)
            return
        self.state = replace(failed, weight_percent=0, exposed=False)
        self._restore()

    def _stranded(self) -> bool:
        try:
            return stranded(self.record, self.ports)
        except Exception:  # noqa: BLE001  who cannot look, not even for a bug, restores all the same
            return self.state.stranded

    def _end(self) -> Record:
        promoted = self.state.phase is Phase.SUCCEEDED
        if promoted and self.state.course is not Course.FIRST:
            drain(self.record, self.plan, self.ports)
        if promoted:
            pods.settle(self.record, self.plan, self.ports)
        if not self.state.doubt:
            self.record = pods.give_back(self.record, self.former, self.ports)
        report = self._report()
        self.ports.journal.finished(report)
        call_post_rollout(self.record, self.plan, self.request.version, self.ports)
        if promoted:
            return self.record
        if self.state.doubt:
            raise NotRestored(report.reason)
        raise (Interrupted if self.state.stopped else Rejected)(report.reason)

    def _report(self) -> Report:
        return self.chronicle.report(self.request, self.record, self.state, self.ports.clock)
