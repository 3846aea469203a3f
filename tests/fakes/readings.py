"""Custom metrics that are what was written down, after as long as was written down."""

from __future__ import annotations

import math
from collections.abc import Mapping

from canary.core.custom import Reading
from canary.ports import Clock


class FakeReadings:
    """Implements `canary.ports.Readings`.

    `values` has what each query comes to when it is asked: a number, a text for why there is none,
    a whole Reading, or a function of the clock's seconds. `asked` holds when which query was asked.
    """

    def __init__(self, clock: Clock, values: Mapping[str, object] | None = None) -> None:
        self.values = dict(values or {})
        self.after_s = 0.0
        self.asked: list[tuple[float, str]] = []
        self._clock = clock
        self._given: dict[str, tuple[float, Reading]] = {}

    def ask(self, name: str, query: str) -> None:
        if name in self._given and self.answer(name) is None:
            return
        now_s = self._clock.now_s()
        self.asked.append((now_s, query))
        self._given[name] = (now_s + self.after_s, self._reading(query, now_s))

    def answer(self, name: str) -> Reading | None:
        due_s, reading = self._given.get(name, (math.inf, Reading()))
        return reading if self._clock.now_s() >= due_s else None

    def _reading(self, query: str, now_s: float) -> Reading:
        value = self.values.get(query, "no series")
        found = value(now_s) if callable(value) else value
        if isinstance(found, int | float):
            assert not math.isnan(found), "NaN is no value"
            return Reading(value=float(found))
        return found if isinstance(found, Reading) else Reading(trouble=str(found))
