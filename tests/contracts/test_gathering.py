"""One question for all who ask within a moment, and what becomes of it when it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from itertools import chain

import pytest

from canary.adapters.gathering import GROWTH, Gathering, Moment
from canary.errors import ClusterError, MetricsError, PortError
from tests.contracts.crowd import at_once, results

OPEN_S = 0.3
EIGHT = tuple(range(8))


class Server:
    """Doubles numbers; `questions` are what it was asked, `limit` the most that it takes."""

    def __init__(self, limit: int = 99, failure: PortError | None = None) -> None:
        self.questions: list[list[int]] = []
        self.limit = limit
        self.failure = failure

    def __call__(self, numbers: Sequence[int]) -> dict[int, int]:
        self.questions.append(sorted(numbers))
        if self.failure:
            raise self.failure
        if len(numbers) > self.limit:
            raise MetricsError("too much")
        return {number: 2 * number for number in numbers}


def gathering(
    server: Server,
    *,
    open_s: float = OPEN_S,
    most: int = 16,
    shared: Callable[[PortError], bool] = lambda _: False,
) -> Gathering[int, dict[int, int]]:
    moment = Moment(open_s=lambda: open_s, answered_s=5.0)
    return Gathering(server, moment, most=most, shared=shared)


def test_who_asks_within_a_moment_shares_one_question() -> None:
    server = Server()
    answers = results(at_once(gathering(server).answer, EIGHT))
    assert server.questions == [list(EIGHT)]
    assert [answer and answer[number] for number, answer in enumerate(answers)] == [
        2 * number for number in EIGHT
    ]


def test_a_question_that_came_later_is_never_answered_by_an_older_answer() -> None:
    server, asking, go_on = Server(), threading.Event(), threading.Event()

    def slow(numbers: Sequence[int]) -> dict[int, int]:
        asking.set()
        if len(server.questions) == 0:
            found = server(numbers)
            assert go_on.wait(10)
            return found
        return server(numbers)

    shared = Gathering(slow, Moment(open_s=lambda: 0.01, answered_s=5.0))
    first = threading.Thread(target=shared.answer, args=(1,))
    first.start()
    assert asking.wait(10)
    assert shared.answer(2) == {2: 4}  # while the first is still being answered
    go_on.set()
    first.join()
    assert server.questions == [[1], [2]]


def test_no_more_than_the_limit_share_and_a_full_question_is_asked_at_once() -> None:
    server, began_s = Server(), time.monotonic()
    answers = results(at_once(gathering(server, most=4).answer, EIGHT))
    assert [len(asked) for asked in server.questions] == [4, 4]
    assert sorted(chain(*server.questions)) == list(EIGHT)
    assert all(answers)
    assert time.monotonic() - began_s < OPEN_S


def test_a_question_that_is_too_large_leaves_everybody_to_himself_and_shrinks() -> None:
    server = Server(limit=2)
    shared = gathering(server)
    assert results(at_once(shared.answer, EIGHT)) == [None] * 8
    for _ in range(3):
        results(at_once(shared.answer, EIGHT))
    server.questions.clear()
    assert all(results(at_once(shared.answer, EIGHT)))
    assert max(len(asked) for asked in server.questions) <= 2


def test_questions_grow_again_once_all_is_well() -> None:
    server = Server(failure=MetricsError("no"))
    shared = gathering(server, most=4, open_s=0.001)
    for _ in range(3):
        assert shared.answer(1) is None
    server.failure = None
    for _ in range(round(3 / GROWTH)):
        assert shared.answer(1)
    shared._moment = Moment(open_s=lambda: OPEN_S, answered_s=5.0)
    server.questions.clear()
    results(at_once(shared.answer, EIGHT[:4]))
    assert [len(asked) for asked in server.questions] == [4]


def test_what_would_fail_for_each_fails_for_all_at_once_with_all_it_says() -> None:
    server = Server(failure=ClusterError("it is away", retryable=True, status=503))
    done = at_once(gathering(server, shared=lambda error: error.retryable).answer, EIGHT)
    errors = [one.exception() for one in done]
    assert len(server.questions) == 1
    assert len({id(error) for error in errors}) == 8  # a traceback of its own for each thread
    for error in errors:
        assert isinstance(error, ClusterError)
        assert (str(error), error.retryable, error.status) == ("it is away", True, 503)


def test_whoever_asks_for_all_and_never_comes_back_holds_nobody() -> None:
    stuck, led = threading.Event(), threading.Event()

    def silent(_: Sequence[int]) -> None:
        led.set()
        stuck.wait(20)

    shared: Gathering[int, None] = Gathering(silent, Moment(open_s=lambda: OPEN_S, answered_s=0.1))
    leader = threading.Thread(target=shared.answer, args=(1,), daemon=True)
    leader.start()
    deadline_s = time.monotonic() + 10
    while shared._open is None:
        assert time.monotonic() < deadline_s
    assert shared.answer(2) is None
    assert led.is_set()
    stuck.set()
    leader.join()


def test_a_bug_in_the_question_ends_one_thread_and_leaves_the_others_to_themselves() -> None:
    def broken(_: Sequence[int]) -> None:
        raise ZeroDivisionError

    done = at_once(Gathering(broken, Moment(open_s=lambda: OPEN_S, answered_s=5)).answer, EIGHT)
    errors = [one.exception() for one in done if one.exception()]
    assert [type(error) for error in errors] == [ZeroDivisionError]
    with pytest.raises(ZeroDivisionError):
        raise errors[0] or AssertionError
