"""What sends a run back, and how it gets there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.record import Phase
from canary.core.seen import Live
from canary.core.state import Seen, State
from tests.core.timeline import (
    NONE,
    PLAN,
    READY,
    healthy,
    last,
    play,
    seeing,
    tally,
    when,
)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        (
            {"canary": replace(READY, exits=2, trouble="exit 1")},
            "at 10 %: containers of the canary exited 2 times: exit 1",
        ),
        ({"canary": NONE}, "at 10 %: no pod of the canary is ready"),
        ({"canary": replace(READY, ready=1)}, "at 10 %: 1 of 2 pods of the canary are ready"),
        (
            {"foreign": "weights were changed by kubectl-edit"},
            "at 10 %: weights were changed by kubectl-edit",
        ),
        ({"stop": "the update was interrupted"}, "the update was interrupted"),
    ],
)
def test_a_breach_rolls_back_at_once(changes: dict[str, object], cause: str) -> None:
    lines = play(when(lambda state, _: state.baked_from_s is not None, **changes), looks=40)
    assert "RollingBack   0 [restore] roll back: " in lines[-2]
    assert lines[-1].endswith(cause)


@pytest.mark.parametrize("weight", [50, 100])
def test_a_breach_rolls_back_from_every_weight(weight: int) -> None:
    lines = play(when(lambda state, _: state.weight_percent == weight, foreign="somebody"))
    assert lines[-1].endswith(f"at {weight} %: somebody")


def test_exits_before_there_was_traffic_are_not_counted() -> None:
    """It needed three starts until its database was there, and has run since."""
    assert "Succeeded" in last(seeing(canary=replace(READY, exits=3)))


def test_new_or_evicted_pods_hold_instead_of_breaching() -> None:
    disturbed = replace(NONE, disturbed=True, exits=5)
    world = when(lambda _, seen: 3 < seen.now_s < 30, canary=disturbed)
    assert "Succeeded" in last(world)


def test_lost_pods_on_both_sides_are_not_the_canarys_fault() -> None:
    """A node died: hold, and go on when the pods are back."""
    world = when(lambda _, seen: 3 < seen.now_s < 30, canary=NONE, primary=NONE)
    assert "Succeeded" in last(world)


def test_traffic_never_moves_to_a_primary_without_ready_pods() -> None:
    """Interrupted while only the canary serves: the weights stay, and the run ends saying so."""
    world = when(lambda state, _: state.weight_percent == 50, primary=NONE, stop="interrupted")
    lines = play(world)
    assert "RollingBack  50 [persist]" in lines[-2]
    assert lines[-1].endswith("interrupted; the weights stay, because the primary has no ready pod")


def test_weights_that_somebody_moved_off_a_dead_primary_are_not_moved_back() -> None:
    """A note of the phase would write the record's weights over theirs."""
    dead = when(lambda s, _: s.weight_percent == 50, primary=NONE, foreign="by kubectl-edit")
    lines = play(dead, replace(PLAN, max_duration_s=60.0))
    assert "RollingBack  50 [-] at 50 %: by kubectl-edit; the weights stay" in lines[-2]


def test_a_stranded_canary_is_restored_when_the_primary_is_back() -> None:
    def world(state: State, seen: Seen) -> Seen:
        usual = when(lambda s, _: s.weight_percent == 50, foreign="somebody")(state, seen)
        return replace(usual, primary=NONE) if 10.05 < seen.now_s < 30 else usual

    lines = play(world)
    assert "the weights stay" in lines[-3]
    assert "RollingBack   0 [restore] restore: " in lines[-2]


def test_a_stranded_canary_is_left_when_the_run_has_lasted_too_long() -> None:
    world = when(lambda s, _: s.weight_percent == 50, foreign="somebody", primary=NONE)
    assert "the weights stay" in last(world, replace(PLAN, max_duration_s=120.0))


def test_a_hanging_canary_is_a_breach() -> None:
    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        return (
            usual
            if usual.window is None
            else replace(usual, window=replace(usual.window, canary=tally(1)))
        )

    assert "answered 1 of about" in last(world)


def test_a_weight_that_traefik_never_takes_rolls_back() -> None:
    world = when(lambda s, _: s.weight_percent > 0, live=Live(confirmed=False, text="pod a: 404"))
    lines = play(world)
    assert "10 % was not live within 30 s: pod a: 404" in lines[-2]
    assert lines[-1].endswith("pod a: 404")
    silent = play(when(lambda s, _: s.weight_percent == 50, live=Live(confirmed=False)))
    assert "Traefik does not confirm it" in silent[-2]


def test_an_unconfirmed_restore_says_so() -> None:
    world = when(
        lambda s, _: s.phase is not Phase.PROGRESSING, live=Live(confirmed=False, text="x")
    )

    def broken(state: State, seen: Seen) -> Seen:
        return replace(world(state, seen), foreign="somebody" if state.weight_percent else "")

    assert last(broken).endswith("; the restore is written, but not confirmed by Traefik: x")
    assert "stop-canary" not in last(broken), "some replica may still send requests to it"


def test_a_run_that_takes_too_long_rolls_back() -> None:
    assert "at 10 %: the run took longer than maxDuration (5 s)" in last(
        healthy, replace(PLAN, max_duration_s=5.0)
    )


def test_a_late_restore_is_given_time_to_become_live() -> None:
    """Stranded for longer than Traefik is given to follow: the restore still gets that time."""

    def world(state: State, seen: Seen) -> Seen:
        usual = when(lambda s, _: s.weight_percent == 50, foreign="somebody")(state, seen)
        away = replace(usual, primary=NONE) if 10.05 < seen.now_s < 90 else usual
        return replace(away, live=Live(confirmed=not 90 <= seen.now_s < 93))

    lines = play(world)
    assert float(lines[-1].split()[0]) >= 93
    assert lines[-1].endswith("somebody")


def test_who_has_pods_is_remembered_while_the_api_server_does_not_answer() -> None:
    """The primary was dead when it was last seen, so nothing is restored to it blindly."""

    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        if state.weight_percent == 10 and seen.now_s > 2:
            usual = replace(usual, primary=NONE)
        return replace(usual, canary=None, primary=None) if 4 < seen.now_s < 60 else usual

    lines = play(world, replace(PLAN, max_duration_s=100.0))
    assert "RollingBack  10 [persist]" in lines[-2]
    assert lines[-1].endswith("the weights stay, because the primary has no ready pod")


def test_traffic_that_somebody_else_moved_while_preparing_is_restored() -> None:
    def world(state: State, seen: Seen) -> Seen:
        foreign = "weights were changed" if state.phase is Phase.PREPARING else ""
        return replace(healthy(state, seen), foreign=foreign)

    lines = play(world)
    assert "RollingBack   0 [restore] roll back: weights were changed" in lines[0]
    assert "Failed        0 [close, stop-canary] weights were changed" in lines[1]


def test_traffic_that_somebody_else_moved_to_the_only_version_with_pods_stays_there() -> None:
    (only,) = play(seeing(primary=NONE, foreign="weights were changed"))
    assert "Failed        0 [-] weights were changed; the weights stay" in only
