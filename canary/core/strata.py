"""Requests that chance alone dealt out: of one method, between two scrapes.

Within a stratum every request had the same chance to reach the canary, so versions may be compared;
across strata they may not: the load, its kind and the weight change with time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from canary.core.contingency import Table
from canary.core.counts import Increment, Poll, Tally
from canary.core.plan import Bad
from canary.core.seen import Kind, Side
from canary.core.status import SERVER_ERRORS, Ranges


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """What both versions answered to one method between two scrapes, unix seconds."""

    canary: Tally
    primary: Tally
    start_s: float
    end_s: float

    def inflation(self, raised_s: float) -> float:
        """By how much quick failures seem more frequent than they are, right after a raise.

        A request counts when it ends: until an answer's time after `raised_s` has passed, the
        canary has shown its quick failures, but not yet the answers to the requests beside them.
        The primary's mean duration tells how long an answer takes. 1 is not at all.
        """
        from_s = max(self.start_s, raised_s)
        seconds = self.end_s - from_s
        missing_s = raised_s + self.primary.mean_s - from_s
        if seconds <= 0.0 or missing_s <= 0.0:
            return 1.0
        return seconds / (seconds - missing_s) if missing_s < seconds else inf

    def table(self, bad: Bad, edge_s: float) -> Table:
        """How many of each version's requests were bad; slow is slower than `edge_s` seconds."""
        canary, canary_bad = _count(self.canary, bad, edge_s)
        primary, primary_bad = _count(self.primary, bad, edge_s)
        return Table(canary=canary, canary_bad=canary_bad, primary=primary, primary_bad=primary_bad)


def strata_of(
    poll: Poll, since_s: float, bad_status: Ranges = SERVER_ERRORS
) -> tuple[Stratum, ...]:
    """One poll's requests, by method; a poll that catches up counts as several.

    Replicas of Traefik are scraped at moments of their own: the newest scrapes of all of them make
    one stratum, those before another. `since_s` (unix seconds in Prometheus's clock) is when the
    canary's traffic began: an interval that ended before tells nothing about this run, one that
    straddles it does, because both versions are counted over the same seconds.
    """
    counted = [i for i in poll.increments if i.kind is not Kind.RELOADS and i.end_s > since_s]
    ages = _ages(counted)
    groups: dict[tuple[int, str], list[Increment]] = defaultdict(list)
    for one in counted:
        groups[ages[one.target, one.end_s], one.method].append(one)
    return tuple(_stratum(groups[key], Tally(bad_status=bad_status)) for key in sorted(groups))


def _ages(increments: Iterable[Increment]) -> Mapping[tuple[str, float], int]:
    """Of every target's scrapes, the newest is 0, the one before -1, and so on."""
    scrapes: dict[str, set[float]] = defaultdict(set)
    for one in increments:
        scrapes[one.target].add(one.end_s)
    return {
        (target, end_s): -age
        for target, ends in scrapes.items()
        for age, end_s in enumerate(sorted(ends, reverse=True))
    }


def _stratum(increments: Sequence[Increment], none: Tally) -> Stratum:
    sides: dict[Side, list[Increment]] = defaultdict(list)
    for one in increments:
        sides[one.side].append(one)
    return Stratum(
        canary=none.plus(sides[Side.CANARY]),
        primary=none.plus(sides[Side.PRIMARY]),
        start_s=min(one.start_s for one in increments),
        end_s=max(one.end_s for one in increments),
    )


def _count(tally: Tally, bad: Bad, edge_s: float) -> tuple[int, int]:
    """How many requests there were, and how many of them were bad."""
    if bad is Bad.SLOW:
        return tally.timed, tally.slower_than(edge_s)
    if bad is Bad.SERVER_ERROR:
        return tally.requests, tally.failed
    if bad is Bad.CLIENT_ERROR:
        return tally.requests, tally.client_errors
    return tally.requests, tally.failed + tally.client_errors
