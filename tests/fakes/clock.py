"""A clock that moves only when somebody waits."""

from __future__ import annotations

from collections.abc import Callable


class FakeClock:
    """Implements `canary.ports.Clock`; waiting costs no real time.

    `limit_s` is how much may be waited in total: a run that never ends fails instead of hanging.
    """

    def __init__(
        self, *, at_s: float = 0.0, epoch_s: float = 1_700_000_000.0, limit_s: float = 86_400.0
    ) -> None:
        self.at_s = at_s
        self.epoch_s = epoch_s
        self.waits = 0
        self.on_tick: list[Callable[[float], None]] = []
        self._limit_s = at_s + limit_s
        self.turns_s: list[float] = []

    def now_s(self) -> float:
        return self.at_s

    def wall_s(self) -> float:
        return self.epoch_s + self.at_s

    def wait(self, seconds: float) -> None:
        """Advance by `seconds`; then tell every `on_tick`."""
        self.waits += 1
        self.advance(max(0.0, seconds))

    def turn_s(self) -> float:
        """Until the next of `turns_s`, absolute times; one that has come is used up."""
        if self.turns_s and self.turns_s[0] <= self.at_s:
            del self.turns_s[0]
            return 0.0
        return self.turns_s[0] - self.at_s if self.turns_s else 0.0

    def advance_slowly(self, seconds: float) -> None:
        """Advance in steps of a second, so that others act meanwhile."""
        for _ in range(int(seconds)):
            self.advance(1.0)

    def advance(self, seconds: float) -> None:
        assert seconds >= 0, "time does not run backwards"
        self.at_s += seconds
        assert self.at_s <= self._limit_s, f"nothing ended this within {self._limit_s:.0f} s"
        assert self.waits <= 1_000_000, "a million waits: a busy loop"
        for listener in self.on_tick:
            listener(self.at_s)
