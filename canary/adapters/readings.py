"""Custom metrics out of Prometheus: one number each, asked in a thread of its own.

Absent on purpose: what a number means for the run (`canary.core.readings`).
"""

from __future__ import annotations

import math
import threading
from typing import Any

from canary.adapters.access import Endpoint
from canary.adapters.prometheus import LONGEST, InstantQuery
from canary.core.custom import Reading
from canary.errors import PortError
from canary.ports import Clock
from canary.redaction import one_line

LONGEST_S = 30.0  # an answer that drips outlasts every timeout but this one


class PrometheusReadings:
    """Implements `canary.ports.Readings`; never blocks and never raises."""

    def __init__(self, endpoint: Endpoint, clock: Clock, *, longest_s: float = LONGEST_S) -> None:
        self._server = InstantQuery(endpoint)
        self._clock = clock
        self._longest_s = longest_s
        self._questions: dict[str, _Question] = {}

    def ask(self, name: str, query: str) -> None:
        """Start one instant query; ignored while one of this name is pending."""
        if name in self._questions and self.answer(name) is None:
            return
        question = _Question(query, due_s=self._clock.now_s() + self._longest_s)
        self._questions[name] = question
        title = f"metric {name}"
        threading.Thread(target=question.run, args=(self._server,), name=title, daemon=True).start()

    def answer(self, name: str) -> Reading | None:
        """What the last one of this name came to; None while it is pending."""
        question = self._questions.get(name)
        return question.answer(self._clock.now_s()) if question else None


class _Question:
    """One query; its first answer is its last."""

    def __init__(self, query: str, *, due_s: float) -> None:
        self._query = query
        self._due_s = due_s
        self._lock = threading.Lock()
        self._answer: Reading | None = None

    def run(self, server: InstantQuery) -> None:
        """The thread."""
        try:
            self._end(reading_of(*server.typed_result(self._query, "vector", "scalar")))
        except PortError as error:
            self._end(Reading(trouble=one_line(str(error), LONGEST)))
        except Exception as error:  # noqa: BLE001  a bug in here must not hold a run for ever
            self._end(Reading(trouble=f"could not be asked: {type(error).__name__}"))

    def answer(self, now_s: float) -> Reading | None:
        """The answer, one way or another, once its time is over."""
        if now_s > self._due_s:
            self._end(Reading(trouble="Prometheus did not answer in time"))
        return self._answer

    def _end(self, reading: Reading) -> None:
        with self._lock:
            self._answer = self._answer or reading


def reading_of(kind: str, result: Any) -> Reading:
    """The one value of a vector or scalar; NaN and none at all are no value."""
    if kind == "scalar":
        return _reading(result)
    if not isinstance(result, list):
        return Reading(trouble="Prometheus answered a vector that is no list")
    if not result:
        return Reading(trouble="the query answered no series")
    if len(result) > 1:
        return Reading(
            trouble=f"the query answered {len(result)} series where one is needed: "
            "aggregate them, as with sum()"
        )
    return _reading(result[0].get("value") if isinstance(result[0], dict) else None)


def _reading(sample: Any) -> Reading:
    match sample:
        case [float() | int(), str() as text]:
            try:
                value = float(text)
            except ValueError:
                value = None
            if value is not None:
                unknown = math.isnan(value)
                trouble = "the query answered NaN" if unknown else ""
                return Reading(value=None if unknown else value, trouble=trouble)
    return Reading(trouble=one_line(f"Prometheus answered {sample!r}, which is no sample", LONGEST))
