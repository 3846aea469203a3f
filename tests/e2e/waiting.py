"""Waits for what must come true, at most so long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

LOOK_S = 0.05
GUARDED_WITHIN_S = 15.0 + 5.0  # what is promised, and what a machine that stalls may add

T = TypeVar("T")


def await_(look: Callable[[], T], what: str, within_s: float) -> T:
    """Look until there is something; what it is.

    Raises:
        AssertionError: it did not come in time.
    """
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(LOOK_S)
    return found
