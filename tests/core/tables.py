"""Samples of counters as tables that a person can read.

    scrape          0    5   10
    a reload        1    1    1
    a canary 200    -    3    8

Every row is a series: target, then `reload`, or the side, a code and possibly `<edge` for a bucket.
A dash is a scrape without the series; a column of dashes alone is a scrape that failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf

from canary.core.samples import Increment, Ledger, Poll
from canary.core.seen import Kind, Series, Side


def table(text: str) -> tuple[Series, ...]:
    """The series of a table; columns are scrapes."""
    rows = [line.split() for line in text.strip().splitlines()]
    stamps = [float(ts) for ts in rows[0][1:]]
    return tuple(_series(row[: -len(stamps)], stamps, row[-len(stamps) :]) for row in rows[1:])


def cut(series: Iterable[Series], first_s: float, last_s: float) -> tuple[Series, ...]:
    """What a range query sees whose window goes from `first_s` to `last_s`."""
    return tuple(
        replace(one, points=tuple(p for p in one.points if first_s <= p[0] <= last_s))
        for one in series
    )


def read(*polls: Iterable[Series]) -> list[Poll]:
    """What an empty ledger makes of these polls, one after the other."""
    ledger, results = Ledger(), []
    for series in polls:
        ledger, poll = ledger.advance(tuple(series))
        results.append(poll)
    return results


def story(polls: Iterable[Poll]) -> list[str]:
    """The increments that are not zero, in order, e.g. "a canary 200 +3 in 0..5"."""
    lines = [(i.end_s, _line(i)) for poll in polls for i in poll.increments if i.amount]
    return [line for _, line in sorted(lines)]


def _line(i: Increment) -> str:
    what = "reload" if i.kind is Kind.RELOADS else f"{i.side} {i.code}"
    edge = f" <{i.le_s:g}" if i.kind is Kind.BUCKET else ""
    return f"{i.target} {what}{edge} +{i.amount} in {i.start_s:g}..{i.end_s:g}"


def _series(names: list[str], stamps: list[float], cells: list[str]) -> Series:
    points = tuple((ts, float(v)) for ts, v in zip(stamps, cells, strict=True) if v != "-")
    target, what, *rest = names
    if what == "reload":
        return Series(kind=Kind.RELOADS, side=Side.PRIMARY, target=target, points=points)
    edges = [inf if edge == "<inf" else float(edge[1:]) for edge in rest[1:]]
    return Series(
        kind=Kind.BUCKET if edges else Kind.REQUESTS,
        side=Side(what),
        target=target,
        code=rest[0],
        method="GET",
        le_s=edges[0] if edges else 0.0,
        points=points,
    )
