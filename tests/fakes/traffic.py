"""What users send and how versions answer: the numbers a simulated Traefik works with."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

EDGES_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a version answers.

    `errors`, `not_found` and `hangs` are the shares (0..1) of requests answered 500, answered 404
    and never answered; all three only from the clock's `since_s` on. `latency` lists (seconds,
    share) and its shares add up to 1.
    """

    errors: float = 0.0
    not_found: float = 0.0
    hangs: float = 0.0
    since_s: float = 0.0
    latency: tuple[tuple[float, float], ...] = ((0.003, 0.9), (0.02, 0.1))

    def __post_init__(self) -> None:
        assert 0 <= self.errors + self.not_found + self.hangs <= 1
        assert math.isclose(sum(share for _, share in self.latency), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What arrives, and how it is measured.

    `rate_per_s` requests reach each of `targets` (Traefik's replicas), evenly spaced;
    `post_share` of them are POST. A target is scraped every `scrape_s`, each with its own offset.
    During `outages` (from, until; the clock's seconds) Prometheus is down; `forgetful`, it comes
    back with an empty database. At `restarts` every counter begins anew. `reload_every_s` makes
    Traefik start the exact split anew that often.
    `clients_stay`: half of the requests are those of clients that were here lately, and go to the
    version that answered them, for as long as it is one of several.
    `shielded`: a GET that the canary fails is sent again, to the primary's fallback Service.
    """

    rate_per_s: float = 20.0
    post_share: float = 0.0
    targets: tuple[str, ...] = ("10.0.0.1:8100",)
    scrape_s: float = 5.0
    edges_s: tuple[float, ...] = EDGES_S
    outages: tuple[tuple[float, float], ...] = ()
    forgetful: bool = False
    restarts: tuple[float, ...] = ()
    reload_every_s: float = math.inf
    clients_stay: bool = False
    shielded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One kind of answer; `bucket` indexes the edges. Never given when `seconds` is inf."""

    code: str
    seconds: float
    bucket: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """A behaviour as a table: draw a number u in 0..1 and take `outcomes[index(u)]`."""

    rising: tuple[float, ...]
    outcomes: tuple[Outcome, ...]

    def draw(self, u: float) -> Outcome:
        return self.outcomes[min(bisect_left(self.rising, u), len(self.outcomes) - 1)]


@cache
def odds(behaviour: Behaviour, edges_s: tuple[float, ...], *, faulty: bool) -> Odds:
    """The table of one behaviour; with `faulty` off, as it is before its faults begin."""
    errors, not_found = (behaviour.errors, behaviour.not_found) if faulty else (0.0, 0.0)
    hangs = behaviour.hangs if faulty else 0.0
    codes = (("200", 1 - errors - not_found - hangs), ("500", errors), ("404", not_found))
    rows = [
        (Outcome(code=code, seconds=seconds, bucket=bisect_left(edges_s, seconds)), share * part)
        for code, share in codes
        for seconds, part in behaviour.latency
    ]
    rows.append((Outcome(code="", seconds=math.inf, bucket=0), hangs))
    possible = [(outcome, share) for outcome, share in rows if share > 0]
    return Odds(
        rising=tuple(accumulate(share for _, share in possible)),
        outcomes=tuple(outcome for outcome, _ in possible),
    )
