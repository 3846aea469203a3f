"""Asks custom metrics when they are due, and collects the answers; never waits for one.

Due is a metric at the end of every bake, and as often besides as it says itself, or else once for
each interval of the analysis. One that came to no value is asked again after a poll,
unless its query is what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from canary.core import bake
from canary.core.custom import CustomCheck, Reading
from canary.core.plan import Plan
from canary.core.readings import ASK_AHEAD_S
from canary.core.state import Course, Seen, State
from canary.ports import Readings


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """What one run asks, when it did, and what it was answered last."""

    plan: Plan
    port: Readings
    answers: dict[str, Reading] = field(default_factory=dict)
    pending_s: dict[str, float] = field(default_factory=dict)

    def look(self, state: State, now_s: float) -> Mapping[str, Reading]:
        """The last answers by name, of questions that were asked during this bake."""
        began_s = state.baked_from_s
        if began_s is None or state.course is not Course.JUDGED:
            return {}
        for check in self.plan.custom:
            self._collect(check.name)
            if self._due(check, state, began_s, now_s):
                self.pending_s[check.name] = now_s
                self.port.ask(check.name, check.query)
                self._collect(check.name)
        return {name: one for name, one in self.answers.items() if one.asked_s >= began_s}

    def _collect(self, name: str) -> None:
        answer = self.port.answer(name) if name in self.pending_s else None
        if answer is not None:
            self.answers[name] = replace(answer, asked_s=self.pending_s.pop(name))

    def _due(self, check: CustomCheck, state: State, began_s: float, now_s: float) -> bool:
        if check.name in self.pending_s:
            return False
        seen, last = Seen(now_s=now_s), self.answers.get(check.name)
        asked_s = began_s if last is None else max(began_s, last.asked_s)
        from_s = bake.readings_from_s(state, seen, self.plan)
        ends = bake.left_s(state, seen, self.plan) <= ASK_AHEAD_S
        if ends and (last is None or last.asked_s < from_s):
            return True
        every_s = check.every_s or self.plan.interval_s
        if last is not None and last.value is None and not last.miswritten:
            every_s = min(every_s, self.plan.poll_s)
        return now_s - asked_s >= every_s
