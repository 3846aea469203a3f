"""Many threads that do something at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_One = TypeVar("_One")
_Result = TypeVar("_Result")


def at_once(work: Callable[[_One], _Result], ones: Sequence[_One]) -> list[Future[_Result]]:
    """What `work` came to for each of them, all begun together."""
    ready = threading.Barrier(len(ones), timeout=10)

    def begin(one: _One) -> _Result:
        ready.wait()
        return work(one)

    with ThreadPoolExecutor(len(ones)) as pool:
        return [pool.submit(begin, one) for one in ones]


def results(done: Sequence[Future[_Result]]) -> list[_Result]:
    return [one.result() for one in done]
