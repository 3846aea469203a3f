"""A driver whose interruption is written down beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from canary.ports import Clock


@dataclass(slots=True, kw_only=True)
class FakeDriver:
    """Implements `canary.ports.Driver`: alive until `interrupted_at_s`, then interrupted for good.

    `looks` counts how often it was asked.
    """

    clock: Clock
    interrupted_at_s: float | None = None
    reason: str = "the update was interrupted"
    looks: int = 0

    def interrupt(self) -> None:
        """Interrupt now."""
        self.interrupted_at_s = self.clock.now_s()

    def interruption(self) -> str:
        self.looks += 1
        if self.interrupted_at_s is None or self.clock.now_s() < self.interrupted_at_s:
            return ""
        return self.reason
