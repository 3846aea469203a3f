"""What goes wrong for both versions is nobody's fault: it is waited out, and then forgotten."""

from __future__ import annotations

from dataclasses import replace

from canary.core.state import Seen, State
from tests.core.timeline import PLAN, World, healthy, play, tally, window


def both_slow(until_s: float) -> World:
    """All requests of both versions are slow until then; every second one counts 20."""

    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        if state.baked_from_s is None or usual.window is None:
            return usual
        slow_s = max(0.0, min(until_s, seen.now_s) - state.baked_from_s)
        seconds = seen.now_s - state.baked_from_s
        share = state.weight_percent / 100
        canary = tally(round(20 * seconds * share), slow=round(20 * slow_s * share))
        primary = tally(round(20 * seconds * (1 - share)), slow=round(20 * slow_s * (1 - share)))
        return replace(usual, window=window(canary, primary, seconds=seconds))

    return world


def test_a_bad_moment_for_both_costs_one_more_bake() -> None:
    lines = play(both_slow(5.0))
    assert "baking anew at 10 %: primary breaches too: request-duration" in lines[2]
    assert lines[3].startswith(" 20.1 Progressing  50")
    assert "Succeeded" in lines[-1]


def test_trouble_that_goes_on_is_inconclusive_in_time() -> None:
    lines = play(both_slow(1e6))
    assert "at 10 %: inconclusive for 30 s: primary breaches too" in lines[-1]
    assert 40 <= float(lines[-2].split()[0]) <= 40 + PLAN.inconclusive_deadline_s


def test_the_deadline_is_counted_anew_for_every_weight() -> None:
    def world(state: State, seen: Seen) -> Seen:
        return both_slow(15.0 if state.weight_percent == 10 else 45.0)(state, seen)

    assert "Succeeded" in play(world)[-1]
