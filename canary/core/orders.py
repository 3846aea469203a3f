"""Orders: what people ask of a run while it goes on, and who asked.

An order is the JSON value of an annotation, or, for people with nothing but kubectl, a bare verb.
It is obeyed once; the record then says which one was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from canary.core.pace import LIVE_LOOK_S
from canary.core.record import Phase
from canary.core.retreat import give_up, roll_back
from canary.core.state import Decision, Effect, Seen, State

LONGEST = 100  # characters of a name that is shown


class Verb(StrEnum):
    """What can be asked."""

    SUSPEND = "suspend"
    RESUME = "resume"
    ABORT = "abort"
    PROMOTE = "promote"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One request. `run` is "" for whichever run is under way; `text` is the annotation's value."""

    verb: str
    by: str = "somebody"
    run: str = ""
    at: float = 0.0
    text: str = ""

    @property
    def bare(self) -> bool:
        """Whether it is nothing but a verb."""
        return self.verb == _shown(self.text)

    def to_json(self) -> str:
        """One line, stable key order; `text` is what this returns."""
        value = {"verb": self.verb, "by": self.by, "run": self.run, "at": round(self.at, 3)}
        return json.dumps(value, sort_keys=True, separators=(",", ":"))


def parsed(text: str) -> Order:
    """Read an annotation; what is no JSON object is taken for a bare verb."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        return Order(verb=_shown(text), text=text)
    by = _shown(raw.get("by") or "somebody")
    return Order(verb=_shown(raw.get("verb")), by=by, run=str(raw.get("run") or ""), text=text)


def fresh(state: State, seen: Seen) -> Order | None:
    """The order that is to be obeyed now, None if there is none for this run."""
    busy = state.phase is Phase.ROLLING_BACK or seen.stop or seen.foreign
    if busy or not seen.order or seen.order == state.obeyed:
        return None
    order = parsed(seen.order)
    return None if order.run and order.run != seen.run else order


def forgotten(state: State, seen: Seen) -> State:
    """Forget a bare verb once its annotation is gone: the same word is then a new order.

    Orders of `python -m canary` differ each time, and whoever gave one waits to see it obeyed.
    """
    gone = not seen.order and bool(state.obeyed)
    return replace(state, obeyed="") if gone and parsed(state.obeyed).bare else state


def obey(order: Order, state: State, seen: Seen) -> Decision:
    """What the run does about an order: always one line that names who asked."""
    state = replace(state, obeyed=order.text)
    where = state.share
    match order.verb:
        case Verb.ABORT:
            if state.phase is Phase.PREPARING:
                return give_up(state, f"aborted by {order.by}")
            return roll_back(state, seen, f"at {where}: aborted by {order.by}")
        case Verb.SUSPEND:
            since_s = state.suspended_s if state.suspended else seen.now_s
            after = replace(state, suspended=order.by, suspended_s=since_s)
            return _noted(after, f"suspended by {order.by} at {where}; judging goes on")
        case Verb.RESUME if state.suspended:
            return _noted(_resumed(state, seen), f"resumed by {order.by} at {where}")
        case Verb.PROMOTE:
            after = replace(_resumed(state, seen), hurried=order.by)
            return _noted(after, f"promotion was asked for by {order.by} at {where}")
        case Verb.APPROVE if state.gate is not None:
            opened = replace(state, gate_opened=order.by)
            return _noted(opened, f"{state.gate} was approved by {order.by}")
    return _noted(state, f"{order.by} asked for {order.verb or 'nothing'}: {_useless(order.verb)}")


def _resumed(state: State, seen: Seen) -> State:
    """The time for which the run was suspended is given back."""
    held_s = seen.now_s - state.suspended_s if state.suspended else 0.0
    return replace(state, suspended="", began_s=state.began_s + held_s)


def _noted(state: State, reason: str) -> Decision:
    return Decision(
        state=state, reason=reason, effects=(Effect.PERSIST,), wait_s=LIVE_LOOK_S, loud=True
    )


def _useless(verb: str) -> str:
    if verb == Verb.RESUME:
        return "the run is not suspended"
    if verb == Verb.APPROVE:
        return "no gate holds the run"
    return f"it is none of {', '.join(Verb)}"


def _shown(value: Any) -> str:
    """A name from outside, fit for one line."""
    return " ".join(str(value or "").split())[:LONGEST]
