"""Custom metrics out of Prometheus: one number each, asked in a thread of its own.

Absent on purpose: what a number means for the run (`canary.core.readings`).
"""

from __future__ import annotations

import math
from typing import Any

from canary.adapters.cluster.access import Endpoint
from canary.adapters.errand import Errand
from canary.adapters.metrics.prometheus import LONGEST, InstantQuery
from canary.core.custom import Reading
from canary.errors import PortError, QueryError
from canary.ports import Clock
from canary.redaction import one_line

NUMBERS = ("vector", "scalar")  # the types of which one may be a number
LONGEST_S = 30.0  # an answer that drips outlasts every timeout but this one


class PrometheusReadings:
    """Implements `canary.ports.Readings`; never blocks and never raises."""

    def __init__(self, endpoint: Endpoint, clock: Clock, *, longest_s: float = LONGEST_S) -> None:
        self._server = InstantQuery(endpoint)
        self._clock = clock
        self._longest_s = longest_s
        self._questions: dict[str, Errand[Reading]] = {}

    def ask(self, name: str, query: str) -> None:
        """Start one instant query; ignored while one of this name is pending."""
        if name in self._questions and self.answer(name) is None:
            return
        due_s = self._clock.now_s() + self._longest_s
        self._questions[name] = Errand(
            f"metric {name}", lambda: self._reading(query), _failed, due_s=due_s
        )

    def answer(self, name: str) -> Reading | None:
        """What the last one of this name came to; None while it is pending."""
        question = self._questions.get(name)
        return question.result(self._clock.now_s()) if question else None

    def _reading(self, query: str) -> Reading:
        try:
            return reading_of(*self._server.typed_result(query, *NUMBERS))
        except QueryError as error:
            return Reading(trouble=str(error), miswritten=True)
        except PortError as error:
            return Reading(trouble=one_line(str(error), LONGEST))


def _failed(error: Exception | None) -> Reading:
    late = "Prometheus did not answer in time"
    why = late if error is None else f"could not be asked: {type(error).__name__}"
    return Reading(trouble=why)


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
            "aggregate them, as with sum()",
            miswritten=True,
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
