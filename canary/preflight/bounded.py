"""Does many small things at once and stops waiting for them at one common deadline."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")
_THREADS = 16


def all_within(
    seconds: float, jobs: Mapping[str, Callable[[], T]]
) -> tuple[dict[str, T], dict[str, BaseException | None]]:
    """Results by name, and the names without one: what was raised, None if it took too long.

    The threads are daemons: a job that hangs does not keep the program from ending.
    """
    futures: dict[str, Future[T]] = {name: Future() for name in jobs}
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in jobs:
        waiting.put(name)
    for _ in range(min(_THREADS, len(jobs))):
        threading.Thread(target=_work, args=(waiting, jobs, futures), daemon=True).start()
    wait(futures.values(), timeout=seconds)
    results: dict[str, T] = {}
    missing: dict[str, BaseException | None] = {}
    for name, future in futures.items():
        if not future.done():
            missing[name] = None
        elif (error := future.exception()) is not None:
            missing[name] = error
        else:
            results[name] = future.result()
    return results, missing


def _work(
    waiting: queue.SimpleQueue[str],
    jobs: Mapping[str, Callable[[], T]],
    futures: Mapping[str, Future[T]],
) -> None:
    while True:
        try:
            name = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            futures[name].set_result(jobs[name]())
        except BaseException as error:  # noqa: BLE001 - it belongs to the one who asked
            futures[name].set_exception(error)
