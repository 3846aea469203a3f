"""The page of what died and what became of it, from cells that may be of several trials."""

from __future__ import annotations

from dataclasses import replace

from tests.chaos import page
from tests.chaos.states import ALL, ROLLING_BACK
from tests.chaos.trial import Cell
from tests.chaos.victims import Blow, Victim

CELL = Cell(
    victim=Victim.PROVIDER,
    blow=Blow.KILL,
    state="Progressing",
    restored_s=11.0,
    ended_s=11.5,
    reason="the driver of run a-1 is dead",
    requests=100,
    failed=0,
    repaired="",
    apps=len(ALL),
)
WHOLE = [replace(CELL, state=state.name) for state in ALL]
BACK = replace(CELL, state=ROLLING_BACK.name, restored_s=9.0, ended_s=14.2, failed=2)


def test_a_state_that_was_not_struck_has_no_time_and_the_others_keep_their_columns() -> None:
    row = page.row([BACK])
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == "provider, `kill -9`"
    assert cells[1:-3] == ["–"] * (len(ALL) - 1)
    assert cells[-3:] == ["9.0 s (14.2 s)", "100", "2"]


def test_what_was_struck_in_a_trial_of_its_own_is_said_and_nothing_else_is() -> None:
    alone = replace(BACK, apps=1)
    mixed = page.text([*WHOLE[:-1], alone])
    assert "RollingBack: of trials of their own, with no more than 1 app at a time" in mixed
    assert "trials of their own" not in page.text(WHOLE)


def test_a_reason_of_a_run_that_was_rolling_back_is_told_where_it_is_another() -> None:
    told = page.text([*WHOLE[:-1], replace(BACK, reason="aborted by somebody")])
    assert "- provider, `kill -9`: the driver of run … is dead" in told
    assert "- provider, `kill -9`, RollingBack: aborted by somebody" in told
    assert "RollingBack:" not in page.text(WHOLE).partition("What was said")[2]
