"""Whole runs of the pure core, read as text: one line per decision that does or says something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from canary.core.counts import Tally, Window
from canary.core.plan import Check, CheckName, Plan
from canary.core.record import TERMINAL
from canary.core.seen import Live, Pods
from canary.core.state import Decision, Seen, State
from canary.core.transitions import decide

CHECKS = (
    Check(name=CheckName.SUCCESS_RATE, bound=99.0),
    Check(name=CheckName.DURATION, bound=500.0, edge_s=0.5),
)
PLAN = Plan(
    weights=(10, 50),
    interval_s=10.0,
    threshold=2,
    checks=CHECKS,
    soak_s=10.0,
    progress_deadline_s=60.0,
    inconclusive_deadline_s=30.0,
    max_duration_s=3600.0,
    replicas=2,
)
BEGIN = State(began_s=0.0, entered_s=0.0)
READY = Pods(wanted=2, existing=2, ready=2)
World = Callable[[State, Seen], Seen]


def tally(requests: int, *, failed: int = 0, slow: int = 0) -> Tally:
    """Requests of which some failed and some took longer than half a second."""
    codes = {"200": requests - failed, "500": failed}
    edges = ((0.5, requests - slow), (float("inf"), requests))
    return Tally(requests=requests, codes=codes, edges=edges)


def window(canary: Tally, primary: Tally, *, seconds: float) -> Window:
    return Window(canary=canary, primary=primary, since_s=0.0, until_s=seconds)


def healthy(state: State, seen: Seen) -> Seen:
    """Ready pods, weights live at once, 20 requests/s that all succeed."""
    if state.baked_from_s is None:
        return replace(seen, canary=READY, primary=READY, live=Live(confirmed=True))
    seconds = seen.now_s - state.baked_from_s
    total = round(20 * seconds)
    share = total * state.weight_percent // 100
    copies = total * (100 if state.iteration else state.mirror_percent) // 100
    counted = window(tally(share + copies), tally(total - share), seconds=seconds)
    return replace(seen, canary=READY, primary=READY, window=counted, fresh=True)


def failing(state: State, seen: Seen) -> Seen:
    """As healthy, but every request that the canary answers is a 500."""
    seen = healthy(state, seen)
    if seen.window is None:
        return seen
    requests = seen.window.canary.requests
    return replace(seen, window=replace(seen.window, canary=tally(requests, failed=requests)))


def play(world: World, plan: Plan = PLAN, start: State = BEGIN, *, looks: int = 2000) -> list[str]:
    """Decide until the end; the transcript."""
    state, now_s, lines = start, 0.0, []
    for _ in range(looks):
        decision = decide(state, world(state, Seen(now_s=now_s)), plan)
        if decision.loud or decision.effects:
            lines.append(line(now_s, decision))
        state = decision.state
        if state.phase in TERMINAL:
            return lines
        now_s += decision.wait_s
    raise AssertionError("the run does not end:\n" + "\n".join(lines[-20:]))


def line(now_s: float, decision: Decision) -> str:
    effects = ", ".join(decision.effects) or "-"
    head = f"{now_s:5.1f} {decision.state.phase:<11} {decision.state.weight_percent:3d}"
    return f"{head} [{effects}] {decision.reason}"


def check(world: World, expected: str, plan: Plan = PLAN, start: State = BEGIN) -> None:
    """Play and compare with the transcript in the test."""
    got = [text.strip() for text in play(world, plan, start)]
    assert got == [text.strip() for text in expected.strip().splitlines()]


NONE = Pods(wanted=2, existing=2, ready=0)


def seeing(world: World = healthy, **changes: object) -> World:
    """The world, but with these things seen differently throughout."""
    return lambda state, seen: replace(world(state, seen), **changes)  # type: ignore[arg-type]


def when(condition: Callable[[State, Seen], bool], **changes: object) -> World:
    """A healthy world until the condition holds, then these things are seen."""

    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        return replace(usual, **changes) if condition(state, usual) else usual  # type: ignore[arg-type]

    return world


def last(world: World, plan: Plan = PLAN, start: State = BEGIN) -> str:
    return play(world, plan, start)[-1]
