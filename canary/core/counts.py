"""What was counted between two moments: per poll, per version, per bake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isinf

from canary.core.seen import Kind, Side
from canary.core.status import SERVER_ERRORS, Ranges, within


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """By how much one counter rose between two scrapes of its target; `amount` may be 0.

    `start_s` and `end_s` are those scrapes' timestamps, unix seconds in Prometheus's clock; the
    other fields are those of `Series`. Buckets are cumulative, as Prometheus has them.
    """

    side: Side
    kind: Kind
    target: str
    code: str = ""
    method: str = ""
    le_s: float = 0.0
    start_s: float
    end_s: float
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What one poll added. `newest_s` is the newest sample's timestamp, None without any."""

    increments: tuple[Increment, ...] = ()
    newest_s: float | None = None

    @property
    def reloads(self) -> int:
        """How many times replicas of Traefik took over a new configuration, summed over them."""
        return sum(i.amount for i in self.increments if i.kind is Kind.RELOADS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The finished requests of one version.

    `codes` are requests by HTTP status. `edges` are (seconds, requests that took no longer), with
    rising edges; the last one is infinity, so that its count is `timed`. `bad_status` are the
    statuses of failed requests.
    """

    requests: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)
    edges: tuple[tuple[float, int], ...] = ()
    bad_status: Ranges = SERVER_ERRORS

    @property
    def failed(self) -> int:
        """Requests answered with one of the bad statuses, usually 5xx."""
        return sum(n for code, n in self.codes.items() if within(code, self.bad_status))

    @property
    def client_errors(self) -> int:
        """Requests answered with any other 4xx."""
        return sum(
            n
            for code, n in self.codes.items()
            if code.startswith("4") and not within(code, self.bad_status)
        )

    @property
    def success_percent(self) -> float | None:
        """The share of requests that did not fail; None without requests."""
        return 100.0 * (self.requests - self.failed) / self.requests if self.requests else None

    @property
    def timed(self) -> int:
        """Requests with a known duration: differs from `requests` by what a scrape tore apart."""
        return self.edges[-1][1] if self.edges else 0

    @property
    def mean_s(self) -> float:
        """The mean duration at most, taking each at its bucket's upper edge; 0 without requests.

        What lies beyond the last finite edge is taken to last as long as that.
        """
        total_s, below, last_s = 0.0, 0, 0.0
        for le_s, count in self.edges:
            last_s = last_s if isinf(le_s) else le_s
            total_s += (count - below) * last_s
            below = count
        return total_s / self.timed if self.timed else 0.0

    def slower_than(self, edge_s: float) -> int:
        """Requests that took longer than a bucket edge; between edges the next lower one counts."""
        quick = [count for le_s, count in self.edges if le_s <= edge_s]
        return self.timed - (quick[-1] if quick else 0)

    def quantile_ms(self, q: float) -> float | None:
        """A quantile, interpolated inside its bucket: for people, never for a verdict.

        None without data; the highest finite edge when the quantile lies above it.
        """
        wanted = q * self.timed
        for (low_s, below), (high_s, count) in pairwise(((0.0, 0), *self.edges)):
            if 0 < wanted <= count:
                width_s = 0.0 if isinf(high_s) else high_s - low_s
                return 1000.0 * (low_s + width_s * (wanted - below) / (count - below))
        return None

    def plus(self, increments: Iterable[Increment]) -> Tally:
        """This and what `increments` count; reloads are no requests and are left out."""
        codes, edges = Counter(self.codes), Counter(dict(self.edges))
        for increment in increments:
            if increment.kind is Kind.REQUESTS:
                codes[increment.code] += increment.amount
            elif increment.kind is Kind.BUCKET:
                edges[increment.le_s] += increment.amount
        return replace(
            self, requests=codes.total(), codes=dict(+codes), edges=tuple(sorted(edges.items()))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Everything that was counted since a moment, grown poll by poll.

    Only what happened wholly after `since_s` counts: an increment between two scrapes of which the
    first was earlier may belong to the weight before. `until_s` is the newest sample's timestamp,
    `since_s` before there is one. `reloads` are summed over `targets`, the replicas of Traefik.
    `beside` says in a word whose requests `primary` has: those the canary's are compared with.
    """

    primary: Tally = field(default_factory=Tally)
    canary: Tally = field(default_factory=Tally)
    fallback_requests: int = 0
    reloads: int = 0
    targets: frozenset[str] = frozenset()
    beside: str = "primary"
    since_s: float
    until_s: float

    @classmethod
    def opened(
        cls, since_s: float, beside: str = "primary", bad_status: Ranges = SERVER_ERRORS
    ) -> Window:
        """An empty window that begins at `since_s`, unix seconds in Prometheus's clock."""
        none = Tally(bad_status=bad_status)
        return cls(primary=none, canary=none, since_s=since_s, until_s=since_s, beside=beside)

    @property
    def covers_s(self) -> float:
        """How many seconds of the time since the window was opened Prometheus has told about."""
        return self.until_s - self.since_s

    def add(self, poll: Poll) -> Window:
        """The window with one more poll; costs as much as that poll, however old the window."""
        new = [i for i in poll.increments if i.start_s >= self.since_s]
        replays = [i for i in new if i.side is Side.FALLBACK and i.kind is Kind.REQUESTS]
        newest_s = self.until_s if poll.newest_s is None else poll.newest_s
        return replace(
            self,
            primary=self.primary.plus(i for i in new if i.side is Side.PRIMARY),
            canary=self.canary.plus(i for i in new if i.side is Side.CANARY),
            fallback_requests=self.fallback_requests + sum(i.amount for i in replays),
            reloads=self.reloads + Poll(increments=tuple(new)).reloads,
            targets=self.targets | {i.target for i in new},
            until_s=max(self.until_s, newest_s),
        )
