"""When an app's traffic was back, from what its two lists said."""

from __future__ import annotations

from canary.core.record import Phase, Record
from tests.chaos.followed import has_ended, is_restored, since
from tests.e2e.weights import Change

OLD, NEW = "aaaaaaaaaa", "bbbbbbbbbb"
HALF = {OLD: 50, NEW: 50}
WHOLE = {OLD: 100}


def _plain(at: float, phase: Phase, weight_percent: int = 0) -> Change:
    record = Record(owner="o", phase=phase, primary=OLD, canary=NEW, weight_percent=weight_percent)
    return Change(at=at, name="app", revision=0, members=dict(record.members), record=record)


def _shielded(at: float, members: dict[str, int]) -> Change:
    return Change(at=at, name="app-shielded", revision=0, members=members, record=None)


HELD = [
    _shielded(1.0, HALF),
    _plain(2.0, Phase.PROGRESSING, 50),
    _plain(3.0, Phase.ROLLING_BACK),
]


def test_a_way_back_of_which_one_list_is_missing_is_no_restore() -> None:
    assert since(HELD, is_restored) is None


def test_it_is_restored_since_the_later_of_the_two_lists_in_whatever_order_they_are_heard() -> None:
    ended = [_plain(6.0, Phase.FAILED), _shielded(5.0, WHOLE)]
    assert since([*HELD, *ended], is_restored) == 5.0
    assert since([*HELD, *ended], has_ended) == 6.0
    assert since([_shielded(1.0, WHOLE), *HELD[1:]], is_restored) == 3.0


def test_what_was_back_and_is_not_any_more_counts_from_its_return() -> None:
    again = [_shielded(4.0, WHOLE), _shielded(5.0, HALF)]
    assert since([*HELD, *again], is_restored) is None
    assert since([*HELD, *again, _shielded(7.0, WHOLE)], is_restored) == 7.0


def test_a_run_that_goes_on_is_neither() -> None:
    going = [_plain(2.0, Phase.PREPARING), _shielded(1.0, WHOLE)]
    assert since(going, is_restored) is None
    assert since(going, has_ended) is None
