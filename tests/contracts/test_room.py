"""A pool of four that lets more than four runs go on at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from canary.adapters.process.room import make_room

RUNS = 12


def test_a_pool_of_four_has_room_for_twelve_once_it_was_asked() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert pool.submit(make_room).result(5)
        together = threading.Barrier(RUNS, timeout=10)
        waits = [pool.submit(together.wait) for _ in range(RUNS)]
        assert sorted(wait.result(15) for wait in waits) == list(range(RUNS))


def test_calls_that_wait_already_get_room_too() -> None:
    with ThreadPoolExecutor(2) as pool:
        enough, last = threading.Event(), threading.Event()
        first = pool.submit(lambda: enough.wait(10) and make_room() and last.wait(10))
        pool.submit(last.wait, 10)
        waiting = [pool.submit(last.set) for _ in range(3)]
        enough.set()
        assert first.result(15)
        assert [wait.result(5) for wait in waiting] == [None] * 3


def test_a_larger_pool_keeps_its_size() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert pool.submit(make_room, 64).result(5)
        assert pool.submit(make_room, 8).result(5)
        assert pool._max_workers == 64


def test_any_other_thread_is_left_alone() -> None:
    found: list[bool] = []
    thread = threading.Thread(target=lambda _: found.append(make_room()), args=(lambda: None,))
    thread.start()
    thread.join()
    assert [*found, make_room()] == [False, False]
