"""The machine's clock; the only module that asks what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable

# Goes on while the machine sleeps, where the system has such a clock.
_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_s() -> float:
    """Monotonic seconds that count sleep, too: what has passed for everybody else."""
    return time.clock_gettime(_BOOT)


def mono_s() -> float:
    """Monotonic seconds."""
    return time.monotonic()


def unix_s() -> float:
    """Unix seconds, which whoever administers the machine may set back."""
    return time.time()


class SystemClock:
    """Implements `canary.ports.Clock` for one run.

    `turn` tells how long other runs are to be waited for; see `canary.adapters.tick`.
    """

    def __init__(self, turn: Callable[[], float] = lambda: 0.0) -> None:
        self._turn = turn

    def now_s(self) -> float:
        """Monotonic seconds."""
        return mono_s()

    def wall_s(self) -> float:
        """Unix seconds."""
        return unix_s()

    def wait(self, seconds: float) -> None:
        """Return after `seconds` (0 or less: at once)."""
        time.sleep(max(0.0, seconds))

    def turn_s(self) -> float:
        """Seconds until weights may be raised, 0 now."""
        return self._turn()
