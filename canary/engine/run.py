"""The only loop: look, decide, act, record, wait.

`release` returns when the wanted version has all traffic, has soaked and old connections have
drained; otherwise it raises, after all traffic is back on the primary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from canary.core import texts
from canary.core.plan import Plan
from canary.core.record import TERMINAL, Phase, Record
from canary.core.seen import HookType, Occasion, Outcome
from canary.core.state import Course, Decision, Effect, Seen, State
from canary.core.transitions import LIVE_DEADLINE_S, LIVE_LOOK_S, decide, roll_back
from canary.engine.chronicle import Chronicle
from canary.engine.lookout import Lookout
from canary.engine.patience import patiently
from canary.engine.repair import repaired, stranded
from canary.engine.request import Request
from canary.errors import CanaryError, Interrupted, PortError, Rejected
from canary.ports import Ports

WRITE_PATIENCE_S = 10.0
RESTORE_PATIENCE_S = 60.0
HOOK_PATIENCE_S = 60.0


def release(request: Request, plan: Plan, ports: Ports) -> Record:
    """Give `request.version` all traffic, step by step, judging every step.

    Returns:
        The record at rest.

    Raises:
        Rejected: the version was not promoted; all traffic is on the primary.
        Interrupted: the driver was stopped; all traffic is on the primary.
        PortError: nothing was begun, because the cluster cannot be read or written.
    """
    found = repaired(request.owner, ports)
    if found is not None and found.primary == request.version:
        ports.fleet.scale(found.primary, plan.replicas)
        ports.journal.progress(f"{request.image} serves already: no run")
        return found
    return Run(request, plan, ports, found).drive()


class Run:
    """One rollout from its claim to its report."""

    def __init__(self, request: Request, plan: Plan, ports: Ports, found: Record | None) -> None:
        self.request = request
        self.plan = plan
        self.ports = ports
        now_s = ports.clock.now_s()
        self.state = State(began_s=now_s, entered_s=now_s, course=_course(plan, found))
        self.record = _claim(request, found, ports.clock.wall_s())
        self.lookout = Lookout(plan=plan, ports=ports)
        self.chronicle = Chronicle(began_s=now_s, began_wall_s=ports.clock.wall_s())
        self.effects: Mapping[Effect, Callable[[], None]] = {
            Effect.SHIFT: self._shift,
            Effect.RESTORE: self._restore,
            Effect.SETTLE: self._settle,
            Effect.CLOSE: self._close,
            Effect.PERSIST: self._persist,
            Effect.STOP_CANARY: self._stop_canary,
            Effect.OPEN_WINDOW: self.lookout.open_window,
            Effect.CALL_PRE_ROLLOUT: lambda: self._call(HookType.PRE_ROLLOUT),
            Effect.CALL_ROLLOUT: lambda: self._call(HookType.ROLLOUT),
        }

    def drive(self) -> Record:
        """Run to the end, whatever happens on the way."""
        try:
            self._begin()
            while self.state.phase not in TERMINAL:
                self._carry_out(self._next())
        except BaseException as error:
            self._emergency(error)
            raise
        return self._end()

    def _begin(self) -> None:
        self._write(self.record, WRITE_PATIENCE_S)
        start = self.plan.replicas
        patiently(
            lambda: self.ports.fleet.scale(self.record.canary, start), self.ports, WRITE_PATIENCE_S
        )
        self.ports.journal.decided(self.record, f"run {self.request.run}: {self.request.image}")

    def _next(self) -> Decision:
        try:
            seen = self.lookout.look(self.state, self.record)
        except PortError as error:
            return self._unable(error)
        decision = decide(self.state, seen, self.plan)
        self.chronicle.note(self.state, decision, seen)
        line = texts.progress(decision.state, seen, self.plan, decision.reason)
        self.ports.journal.progress(line)
        return decision

    def _unable(self, error: PortError) -> Decision:
        """An error that waiting does not heal ends the run as a breach would."""
        seen = Seen(now_s=self.ports.clock.now_s())
        if self.state.phase in {Phase.PREPARING, Phase.ROLLING_BACK}:
            cause = self.state.cause or str(error)
            failed = replace(self.state, phase=Phase.FAILED, cause=cause)
            return Decision(state=failed, reason=cause, effects=(Effect.CLOSE,), loud=True)
        return roll_back(self.state, seen, str(error))

    def _carry_out(self, decision: Decision) -> None:
        before, self.state = self.state, decision.state
        if decision.loud:
            bad = self.state.phase in {Phase.ROLLING_BACK, Phase.FAILED}
            self.ports.journal.decided(self._named(), decision.reason, warning=bad)
        try:
            for effect in decision.effects:
                self.effects[effect]()
        except PortError as error:
            self._ineffective(before, decision, error)
        if self.state.phase not in TERMINAL:
            self.ports.clock.wait(decision.wait_s)

    def _ineffective(self, before: State, decision: Decision, error: PortError) -> None:
        """What could not be written: restore, unless restoring is what failed."""
        after = decision.state
        if after.phase is Phase.FAILED:
            self.ports.journal.decided(self._named(), f"could not tidy up: {error}", warning=True)
            return
        if after.phase is Phase.ROLLING_BACK:
            self.state = replace(after, phase=Phase.FAILED)
            raise Rejected(f"{after.cause}; restoring failed: {error}") from error
        if before.phase is Phase.PREPARING and Effect.SHIFT not in decision.effects:
            self.state = replace(before, phase=Phase.FAILED, cause=str(error))
            return
        undone = replace(after, phase=before.phase) if after.phase in TERMINAL else after
        self._carry_out(roll_back(undone, Seen(now_s=self.ports.clock.now_s()), str(error)))

    def _shift(self) -> None:
        self._write(self._named(moved=True), WRITE_PATIENCE_S)

    def _persist(self) -> None:
        self._write(self._named(), WRITE_PATIENCE_S)

    def _settle(self) -> None:
        """The canary becomes the primary; callers inside the cluster follow first."""
        patiently(
            lambda: self.ports.apex.point_to(self.record.canary), self.ports, WRITE_PATIENCE_S
        )
        settled = replace(
            self._named(moved=True), primary=self.record.canary, canary="", weight_percent=0
        )
        self._write(settled, WRITE_PATIENCE_S)

    def _restore(self) -> None:
        began_s = self.ports.clock.now_s()
        self._overwrite(self._named(moved=True), RESTORE_PATIENCE_S)
        patiently(
            lambda: self.ports.apex.point_to(self.record.primary), self.ports, RESTORE_PATIENCE_S
        )
        self.chronicle.restore_began_s = began_s

    def _close(self) -> None:
        if self.chronicle.restore_began_s is not None:
            self.chronicle.restore_s = self.ports.clock.now_s() - self.chronicle.restore_began_s
        self._overwrite(self._named(), WRITE_PATIENCE_S)

    def _stop_canary(self) -> None:
        self.ports.fleet.scale(self.record.canary, 0)

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
        route = self.ports.router.route()
        if route is not None and route.record.run != record.run:
            raise PortError(f"run {route.record.run} took over; nothing more is written")
        self.ports.router.write(record)

    def _named(self, *, moved: bool = False) -> Record:
        return replace(
            self.record,
            phase=self.state.phase,
            weight_percent=self.state.weight_percent,
            reason=self.state.cause,
            moved_at=self.ports.clock.wall_s() if moved else self.record.moved_at,
        )

    def _emergency(self, error: BaseException) -> None:
        """Traffic ends on the primary all the same; a second failure is added to the first."""
        if self.state.phase in TERMINAL or self.state.phase is Phase.PREPARING:
            return
        try:
            if stranded(self.record, self.ports):
                error.add_note("the weights stay, because the primary has no ready pod")
                return
            cause = f"{type(error).__name__} in the engine"
            self.state = replace(
                self.state, phase=Phase.ROLLING_BACK, weight_percent=0, cause=cause
            )
            self._restore()
        except CanaryError as also:
            error.add_note(f"restoring failed: {also}")

    def _end(self) -> Record:
        if self.state.phase is Phase.SUCCEEDED:
            self._drain()
        self._call_and_await(HookType.POST_ROLLOUT)
        report = self.chronicle.report(self.request, self.record, self.state, self.ports.clock)
        self.ports.journal.finished(report)
        if self.state.phase is Phase.SUCCEEDED:
            return self.record
        raise (Interrupted if self.state.stopped else Rejected)(report.reason)

    def _drain(self) -> None:
        """Let requests that are under way on the old version end before it may be deleted."""
        if self.state.course is Course.FIRST:
            return
        deadline_s = self.ports.clock.now_s() + LIVE_DEADLINE_S
        while not self._live() and self.ports.clock.now_s() < deadline_s:
            self.ports.clock.wait(LIVE_LOOK_S)
        drained_s = self.ports.clock.now_s() + self.plan.drain_s
        while (left := drained_s - self.ports.clock.now_s()) > 0:
            self.ports.journal.progress(f"promoted; draining the old version, {left:.0f} s left")
            if self.ports.driver.interruption():
                return  # the version's Retirement drains what is left
            self.ports.clock.wait(min(1.0, left))

    def _live(self) -> bool:
        try:
            return self.ports.router.live(self.record).confirmed
        except PortError:
            return False  # asked again until the deadline; Retirement asks once more

    def _call_and_await(self, kind: HookType) -> None:
        if kind not in self.plan.hooks:
            return
        self._call(kind)
        deadline_s = self.ports.clock.now_s() + HOOK_PATIENCE_S
        while self.ports.hooks.result(kind).outcome is Outcome.PENDING:
            if self.ports.clock.now_s() >= deadline_s:
                break
            self.ports.clock.wait(0.2)
        if self.ports.hooks.result(kind).outcome is not Outcome.PASSED:
            text = self.ports.hooks.result(kind).text or "no answer"
            self.ports.journal.decided(self.record, f"{kind} hooks: {text}", warning=True)


def _course(plan: Plan, found: Record | None) -> Course:
    if found is None or not found.primary:
        return Course.FIRST
    return Course.DIRECT if plan.skip_analysis else Course.JUDGED


def _claim(request: Request, found: Record | None, wall_s: float) -> Record:
    primary = found.primary if found else ""
    known = found.images if found else {}
    images = {version: known[version] for version in (primary,) if version in known}
    return Record(
        owner=request.owner,
        run=request.run,
        phase=Phase.PREPARING,
        primary=primary,
        canary=request.version,
        moved_at=found.moved_at if found else wall_s,
        images={**images, request.version: request.image},
    )
