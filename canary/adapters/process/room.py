"""Room in the provider's process for every run of an update at the same time.

Pulumi's Python provider answers four calls at once, and a run is one call that may last an hour: a
fifth app would wait for it, and so would a Diff.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

THREADS = 512
SMALL = (
    "this Python lets Pulumi's provider carry out four runs at a time: further apps of this update "
    "wait for them"
)

_PRIVATE = ("_max_workers", "_work_queue", "_adjust_thread_count")


def make_room(threads: int = THREADS) -> bool:
    """Let the pool whose thread this is grow to `threads`; whether it was found.

    Threads are made as calls come, and at once for those that wait already. A pool's size is no
    public attribute, so where the interpreter has it otherwise, nothing is changed.
    """
    arguments = getattr(threading.current_thread(), "_args", None) or (None,)
    pool = arguments[0]() if callable(arguments[0]) else None  # a weak reference
    if not isinstance(pool, ThreadPoolExecutor) or not all(hasattr(pool, it) for it in _PRIVATE):
        return False
    if pool._max_workers < threads:  # noqa: SLF001 - there is no public way
        pool._max_workers = threads  # noqa: SLF001
        for _ in range(pool._work_queue.qsize()):  # noqa: SLF001
            pool._adjust_thread_count()  # noqa: SLF001
    return True
