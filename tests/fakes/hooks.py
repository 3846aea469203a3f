"""Webhooks that answer what was written down beforehand, after as long as was written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from canary.core.seen import HookResult, HookType, Occasion, Outcome
from canary.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What all hooks of one type come to, `after_s` seconds after they were called.

    A failure without a text, and a success with one, do not exist.
    """

    text: str = ""
    after_s: float = 0.0

    @property
    def result(self) -> HookResult:
        outcome = Outcome.FAILED if self.text else Outcome.PASSED
        return HookResult(outcome=outcome, text=self.text)


class FakeHooks:
    """Implements `canary.ports.Hooks`.

    Each call takes the type's next answer; the last one is repeated. `calls` holds when and why.
    """

    def __init__(
        self, clock: Clock, answers: Mapping[HookType, Sequence[Answer]] | None = None
    ) -> None:
        self.calls: list[tuple[float, Occasion]] = []
        self._clock = clock
        self._answers = {kind: list(given) for kind, given in (answers or {}).items()}
        self._pending: dict[HookType, tuple[float, Answer]] = {}
        self._said: dict[HookType, str] = {}
        assert all(self._answers.values()), "a hook has at least one answer"

    def call(self, occasion: Occasion) -> None:
        answers = self._answers.get(occasion.type)
        last = self.result(occasion.type)
        if not answers or last.outcome is Outcome.PENDING:
            return
        self._said[occasion.type] = last.text
        now_s = self._clock.now_s()
        self.calls.append((now_s, occasion))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self._pending[occasion.type] = (now_s + answer.after_s, answer)

    def result(self, kind: HookType) -> HookResult:
        if kind not in self._pending:
            return HookResult()
        due_s, answer = self._pending[kind]
        if self._clock.now_s() < due_s:
            return HookResult(outcome=Outcome.PENDING, text=self._said[kind])
        return answer.result
