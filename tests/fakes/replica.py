"""One simulated replica of Traefik: splits exactly, counts what ended, and is scraped."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from canary.core.record import BASELINE
from tests.fakes.traffic import Behaviour, Outcome, Traffic, odds

KEPT_SCRAPES = 64
RECENT = 20  # clients that come back
QUICK_S = 0.05  # an answer this quick is counted where it arrived
FALLBACK = "fallback of "

Key = tuple[str, str, str]  # version, code, method
Weights = Callable[[float], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """All counters at one moment; per series the requests in each bucket, not cumulated."""

    at_s: float
    reloads: int
    counts: Mapping[Key, tuple[int, ...]]


@dataclass(slots=True, kw_only=True)
class Replica:
    """Advances to any later moment, arrival by arrival. Seconds are the clock's.

    A member of weight 0 gets a copy of every request. `sent` is what no restart forgets.
    """

    target: str
    traffic: Traffic
    weights: Weights
    behaviours: Mapping[str, Behaviour]
    random: Random
    scrapes: deque[Scrape] = field(default_factory=lambda: deque(maxlen=KEPT_SCRAPES))
    reloads: int = 0
    began_s: float = 0.0
    sent: Counter[str] = field(default_factory=Counter)
    _met: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT))
    _members: dict[str, int] = field(default_factory=dict)
    _picked: dict[str, int] = field(default_factory=dict)
    _counts: dict[Key, list[int]] = field(default_factory=dict)
    _unlisted: dict[str, int] = field(default_factory=dict)
    _pending: list[tuple[float, str, str, str, int]] = field(default_factory=list)
    _restarts: list[float] = field(default_factory=list)
    _arrival_s: float = 0.0
    _scrape_s: float = 0.0
    _reloaded_s: float = 0.0

    def __post_init__(self) -> None:
        """Everything has its own offset, so that nothing is in step by chance."""
        self._restarts = sorted(self.traffic.restarts)
        self._scrape_s = self.began_s + self.random.random() * self.traffic.scrape_s
        gap_s = self._gap_s()
        self._arrival_s = self.began_s + (
            self.random.random() * gap_s if gap_s < math.inf else gap_s
        )

    def advance(self, to_s: float) -> None:
        """Live through everything up to `to_s`."""
        while (next_s := min(self._arrival_s, self._scrape_s)) <= to_s:
            self._notice(next_s)
            if self._scrape_s <= self._arrival_s:
                self._be_scraped(next_s)
                self._scrape_s += self.traffic.scrape_s
            else:
                self._serve(next_s)
                self._arrival_s += self._gap_s()

    def _gap_s(self) -> float:
        return 1 / self.traffic.rate_per_s if self.traffic.rate_per_s > 0 else math.inf

    def _notice(self, at_s: float) -> None:
        """A changed route, a reload for another reason, a restart."""
        members = self.weights(at_s)
        if members != self._members or at_s - self._reloaded_s >= self.traffic.reload_every_s:
            self._members = dict(members)
            self._picked = dict.fromkeys(members, 0)
            self._reloaded_s = at_s
            self.reloads += 1
        if self._restarts and at_s >= self._restarts[0]:
            del self._restarts[0]
            self._counts.clear()
            self._pending.clear()
            self._picked = dict.fromkeys(members, 0)
            self.reloads = 1

    def _pick(self) -> str:
        """The member whose next turn is due first, as Traefik does; the first listed on a tie."""
        best, best_turn, best_weight = "", 0, 0
        for member, weight in self._members.items():
            turn = self._picked[member] + 1
            # turn / weight < best_turn / best_weight, in whole numbers
            if weight and (not best or turn * best_weight < best_turn * weight):
                best, best_turn, best_weight = member, turn, weight
        if best:
            self._picked[best] = best_turn
        return best

    def _met_again(self) -> str:
        """The version that a client comes back to, "" for a client that is new."""
        if not self.traffic.clients_stay or len(self._members) < 2:
            self._met.clear()  # at rest nobody has a cookie
            return ""
        known = self._met and self.random.random() < 0.5
        version = self.random.choice(self._met) if known else ""
        version = version if self._members.get(version) else self._pick()
        self._met.append(version)
        return version

    def _serve(self, at_s: float) -> None:
        version = self._met_again() or self._pick()
        if not version:
            return
        share = self.traffic.post_share
        method = "POST" if share and self.random.random() < share else "GET"
        outcome = self._answer(version, at_s)
        self.sent[version] += 1
        self._note(version, method, outcome, at_s)
        for copied in (member for member, weight in self._members.items() if not weight):
            self._note(copied, method, self._answer(copied, at_s), at_s)
        primary = self._primary
        if self.traffic.shielded and version != primary and outcome.code == "500":
            self._replay(primary, method, at_s + outcome.seconds)

    @property
    def _primary(self) -> str:
        """The first member, unless canary and baseline share everything between them."""
        if len(self._members) == 2 and BASELINE in self._members:
            return next(version for version in self.behaviours if version not in self._members)
        return next(iter(self._members))

    def _answer(self, version: str, at_s: float) -> Outcome:
        behaviour = self.behaviours[version]
        table = odds(behaviour, self.traffic.edges_s, faulty=at_s >= behaviour.since_s)
        return table.draw(self.random.random())

    def _replay(self, primary: str, method: str, at_s: float) -> None:
        if method == "GET":
            self._note(FALLBACK + primary, method, self._answer(primary, at_s), at_s)

    def _note(self, version: str, method: str, outcome: Outcome, at_s: float) -> None:
        """A request is counted when it ends, and never if it does not."""
        if outcome.seconds <= QUICK_S:
            self._count(version, outcome.code, method, outcome.bucket)
        elif outcome.seconds < math.inf:
            end_s = at_s + outcome.seconds
            heappush(self._pending, (end_s, version, outcome.code, method, outcome.bucket))

    def _count(self, version: str, code: str, method: str, bucket: int) -> None:
        key = (version, code, method)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = [0] * len(self.traffic.edges_s)
        counts[bucket] += 1

    def _be_scraped(self, at_s: float) -> None:
        while self._pending and self._pending[0][0] <= at_s:
            _, version, code, method, bucket = heappop(self._pending)
            self._count(version, code, method, bucket)
        self._drop_unlisted()
        if any(begin_s <= at_s < end_s for begin_s, end_s in self.traffic.outages):
            return
        counts = {key: tuple(counts) for key, counts in self._counts.items()}
        self.scrapes.append(Scrape(at_s=at_s, reloads=self.reloads, counts=counts))

    def _drop_unlisted(self) -> None:
        """A series goes one scrape after its service left the configuration."""
        for version in {version for version, _, _ in self._counts}:
            if self._listed(version):
                self._unlisted.pop(version, None)
                continue
            self._unlisted[version] = self._unlisted.get(version, 0) + 1
            if self._unlisted[version] > 1:
                del self._unlisted[version]
                for key in [key for key in self._counts if key[0] == version]:
                    del self._counts[key]

    def _listed(self, version: str) -> bool:
        if version.startswith(FALLBACK):  # the failover lives as long as the canary has weight
            return len(self._members) > 1 and version.removeprefix(FALLBACK) == self._primary
        return version in self._members
