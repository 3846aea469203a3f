"""Looking: asks every port that can tell something, once a look, and puts it into one `Seen`.

Absent on purpose: any opinion about what is seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from canary.core import bake
from canary.core.counts import Window
from canary.core.evidence import Evidence
from canary.core.plan import Plan
from canary.core.record import BASELINE, Phase, Record
from canary.core.samples import Ledger
from canary.core.seen import HookResult, HookType, Live, Occasion, Pods, Route
from canary.core.state import Course, Seen, State
from canary.engine.inquiry import Inquiry
from canary.engine.scrapes import Scrapes
from canary.errors import MetricsError, PortError
from canary.ports import Ports

WINDOW_S = 30.0
WINDOW_SCRAPES = 6
GONE = Pods(trouble="its Deployment does not exist")


@dataclass(slots=True, kw_only=True)
class Lookout:
    """What one run sees; keeps between looks what was counted and what it proves."""

    plan: Plan
    ports: Ports
    ledger: Ledger = field(default_factory=Ledger)
    window: Window | None = None
    evidence: Evidence | None = None
    scrapes: Scrapes = field(default_factory=Scrapes)
    asked_metrics_s: float | None = None
    asked_back_s: float = -math.inf
    order: str = ""
    inquiry: Inquiry = field(init=False)

    def __post_init__(self) -> None:
        """Custom metrics are asked on the same terms."""
        self.inquiry = Inquiry(plan=self.plan, port=self.ports.readings)

    def look(self, state: State, record: Record) -> Seen:
        """Ask everybody; what cannot be had right now is absent, not an error.

        Raises:
            PortError: something cannot be had, and waiting will not help; never while rolling back.
        """
        self.ports.heartbeat.beat()
        now_s = self.ports.clock.now_s()
        pods = self._pods(state)
        foreign = self._foreign(state, record)
        fresh, metrics_error = self._count(state, record, now_s)
        return Seen(
            now_s=now_s,
            canary=_of(pods, record.canary),
            primary=_of(pods, record.primary),
            baseline=_of(pods, BASELINE) if record.baseline else None,
            live=self._live(state, record),
            window=self.window,
            evidence=self.evidence,
            fresh=fresh,
            metrics_error=metrics_error,
            readings=self.inquiry.look(state, now_s),
            hooks=self._hooks(state, record, now_s),
            stop=self.ports.driver.interruption() or self.ports.heartbeat.lapse(),
            foreign=foreign,
            order=self.order,
            run=record.run,
        )

    def open_window(self) -> None:
        """Count for a new bake, from Prometheus's present at the next look on."""
        self.window = None
        self.asked_metrics_s = None

    def _pods(self, state: State) -> dict[str, Pods] | None:
        try:
            return dict(self.ports.fleet.pods())
        except PortError as error:
            _unless_waiting_helps(error, state)
            return None

    def _foreign(self, state: State, record: Record) -> str:
        if state.phase is Phase.ROLLING_BACK:
            return ""
        try:
            route = self.ports.router.route()
        except PortError as error:
            _unless_waiting_helps(error, state)
            return ""
        self.order = route.order if route else ""
        return foreign_change(route, record)

    def _live(self, state: State, record: Record) -> Live:
        unmoved = state.phase is Phase.PREPARING and not state.exposed
        if state.baked_from_s is not None or unmoved:
            return Live(confirmed=False, text="not asked")
        try:
            return self.ports.router.live(record)
        except PortError as error:
            _unless_waiting_helps(error, state)
            return Live(confirmed=False, text=str(error))

    def _count(self, state: State, record: Record, now_s: float) -> tuple[bool, str]:
        """Whether Prometheus answered at this look, and if not, why."""
        baking = state.baked_from_s is not None
        if not (baking or self._unopened(state)) or not self._due(state, now_s):
            return False, ""
        self.asked_metrics_s = now_s
        try:
            if self._unopened(state):
                self._open_evidence(now_s)
            if baking:
                self._ask(state, record, now_s)
        except MetricsError as error:
            return False, str(error)
        return baking, ""

    def _unopened(self, state: State) -> bool:
        """Whether evidence is wanted from now on: since the canary's first traffic."""
        wanted = self.plan.evidence is not None and state.course is Course.JUDGED
        going = state.has_requests and state.phase is not Phase.ROLLING_BACK
        return wanted and going and self.evidence is None

    def _open_evidence(self, now_s: float) -> None:
        since_s = self.ports.metrics.now_s()
        # A sample scraped just after this may still count requests from before, which a preview
        # host that had no ready pods yet answered 503.
        unsettled_s = self.plan.scrape_s if self.plan.previewed else 0.0
        self.evidence = Evidence.opened(self.plan, since_s + unsettled_s)
        self.scrapes = Scrapes(every_s=self.plan.scrape_s, offset_s=since_s - now_s)

    def _ask(self, state: State, record: Record, now_s: float) -> None:
        metrics = self.ports.metrics
        beside = "baseline" if record.baseline else "primary"
        window = self.window or Window.opened(metrics.now_s(), beside, self.plan.bad_status)
        versions = {"primary": record.primary, "canary": record.canary}
        versions |= {"baseline": BASELINE} if record.baseline else {}
        most_s = max(WINDOW_S, WINDOW_SCRAPES * self.plan.scrape_s)
        reach_s = self.scrapes.unheard_s(now_s, most_s)
        self.ledger, poll = self.ledger.advance(metrics.samples(versions, reach_s))
        self.window = window.add(poll)
        if self.evidence is not None:
            warming = bake.warming_up(state, now_s, self.plan)
            raised_s = (state.baked_from_s or now_s) + self.scrapes.offset_s
            self.evidence = self.evidence.advance(poll, raised_s=raised_s, warming=warming)
            self.scrapes.note(poll, now_s)

    def _due(self, state: State, now_s: float) -> bool:
        if self.asked_metrics_s is None or now_s - self.asked_metrics_s >= self.plan.poll_s:
            return True
        if now_s >= self.scrapes.next_s:
            return True
        return bake.left_s(state, Seen(now_s=now_s), self.plan) <= 0

    def _hooks(self, state: State, record: Record, now_s: float) -> dict[HookType, HookResult]:
        self._ask_whether_to_go_back(state, record, now_s)
        return {kind: self.ports.hooks.result(kind) for kind in HookType if kind in self.plan.hooks}

    def _ask_whether_to_go_back(self, state: State, record: Record, now_s: float) -> None:
        """While the canary has traffic, its rollback hooks are asked once a poll."""
        going = state.has_requests and state.phase is not Phase.ROLLING_BACK
        wanted = HookType.ROLLBACK in self.plan.hooks and going
        if not wanted or now_s - self.asked_back_s < self.plan.poll_s:
            return
        self.asked_back_s = now_s
        phase = state.phase.value
        self.ports.hooks.call(Occasion(type=HookType.ROLLBACK, phase=phase, checksum=record.canary))


def foreign_change(route: Route | None, record: Record) -> str:
    """What somebody else did to our route, "" if nobody did anything."""
    if route is None:
        return f"the TraefikService of {record.primary or record.canary} was deleted"
    who = f" by {route.changed_by}" if route.changed_by else ""
    if route.record.run != record.run:
        return f"run {route.record.run or '(none)'} took over{who}"
    wanted = dict(record.members)
    for weights in (route.weights, route.shielded):
        if dict(weights) != wanted:
            return f"weights were changed{who} to {_shares(dict(weights))}"
    picked = {record.picked: 100} if record.picked else {}
    for weights in route.picked:
        if dict(weights) != picked:
            return f"weights of picked requests were changed{who} to {_shares(dict(weights))}"
    return ""


def _shares(weights: dict[str, int]) -> str:
    return ", ".join(f"{version}: {weight}" for version, weight in weights.items()) or "none"


def _of(pods: dict[str, Pods] | None, version: str) -> Pods | None:
    return None if pods is None else pods.get(version, GONE)


def _unless_waiting_helps(error: PortError, state: State) -> None:
    """Let an error end the run if it will not heal; a roll back goes on whatever can be seen."""
    if not error.retryable and state.phase is not Phase.ROLLING_BACK:
        raise error
