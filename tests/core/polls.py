"""Polls in one line: what each version answered between two scrapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf

from canary.core.counts import Increment, Poll
from canary.core.evidence import Charge, Evidence
from canary.core.plan import Bad, Plan, Terms
from canary.core.seen import Kind, Side
from tests.core.timeline import PLAN

ALPHA = 0.01
EDGE_S = 0.5
Codes = Mapping[str, int]


def poll(
    canary: Codes, primary: Codes, *, slow: tuple[int, int] = (0, 0), end_s: float = 5.0
) -> Poll:
    """Both versions' requests by status, and how many took longer than half a second."""
    rows = [
        *answered(Side.CANARY, canary, slow=slow[0], end_s=end_s),
        *answered(Side.PRIMARY, primary, slow=slow[1], end_s=end_s),
    ]
    return Poll(increments=tuple(rows), newest_s=end_s)


def answered(
    side: Side,
    codes: Codes,
    *,
    slow: int = 0,
    end_s: float = 5.0,
    method: str = "GET",
    target: str = "a",
) -> Iterable[Increment]:
    """One version's increments in the five seconds that end at `end_s`; the first ones are slow."""
    for code, amount in codes.items():
        late = min(slow, amount)
        slow -= late
        counts = [(Kind.REQUESTS, 0.0, amount)]
        counts += [(Kind.BUCKET, EDGE_S, amount - late), (Kind.BUCKET, inf, amount)]
        for kind, le_s, count in counts:
            yield Increment(
                side=side, kind=kind, target=target, code=code, method=method, le_s=le_s,
                start_s=end_s - 5.0, end_s=end_s, amount=count,
            )  # fmt: skip


def joined(*parts: Iterable[Increment]) -> Poll:
    """One poll of several versions', methods' or targets' increments."""
    rows = tuple(one for part in parts for one in part)
    return Poll(increments=rows, newest_s=max(one.end_s for one in rows))


def opened(terms: Terms | None = None, plan: Plan = PLAN) -> Evidence:
    """No evidence yet, for a plan with both checks unless said otherwise."""
    return Evidence.opened(replace(plan, evidence=terms), 0.0)


def after(*polls: Poll, evidence: Evidence | None = None) -> Evidence:
    """The evidence of these polls."""
    for one in polls:
        evidence = (evidence or opened()).advance(one)
    return evidence or opened()


def of_one(evidence: Evidence, bad: Bad) -> Charge:
    """What it holds about one kind of bad request."""
    return next(charge for charge in evidence.charges if charge.bad is bad)
