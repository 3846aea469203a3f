"""Whatever the history and however it is cut into polls: what happened is counted once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from canary.core.samples import Ledger, Window
from canary.core.seen import Kind, Series, Side

SCRAPE_S = 5.0
RELOADS_BEFORE = 50  # more than a history has, so that a restart is always seen to fall
SERVICES = (Side.PRIMARY, Side.CANARY, Side.FALLBACK)
Name = tuple[Kind, Side, str]
RELOADS: Name = (Kind.RELOADS, Side.PRIMARY, "")
REQUESTS = st.tuples(
    st.just(Kind.REQUESTS), st.sampled_from(SERVICES), st.sampled_from(("200", "404", "500"))
)


@dataclass(slots=True)
class Replica:
    """One Traefik as Prometheus sees it: counters that appear, disappear and begin anew.

    `truth` is what happened between its first and its last scrape: nobody can know more.
    """

    target: str
    counters: Counter[Name] = field(default_factory=lambda: Counter({RELOADS: RELOADS_BEFORE}))
    unseen: Counter[Name] = field(default_factory=Counter)
    truth: Counter[Name] = field(default_factory=Counter)
    points: dict[Name, list[tuple[float, float]]] = field(default_factory=dict)

    def count(self, events: dict[Name, int]) -> None:
        self.counters.update(events)
        self.unseen.update(events)

    def restart(self) -> None:
        """Begin anew, right after a scrape: nobody can know what was served in between."""
        if self.counters[RELOADS] >= RELOADS_BEFORE and not self.unseen.total():
            self.counters = Counter()
            self.count({RELOADS: 1})

    def drop(self, side: Side, at_s: float) -> None:
        """Forget a service, which Traefik does at a scrape and never between two."""
        if not self.unseen.total():
            kept = {n: v for n, v in self.counters.items() if n == RELOADS or n[1] is not side}
            self.counters = Counter(kept)
            self.scrape(at_s)

    def scrape(self, at_s: float) -> None:
        if self.points:
            self.truth.update(self.unseen)
        self.unseen.clear()
        for name, value in self.counters.items():
            self.points.setdefault(name, []).append((at_s, float(value)))

    def answer(self, first_s: float, last_s: float) -> list[Series]:
        """What a range query over these moments gives."""
        return [
            Series(
                kind=kind,
                side=side,
                code=code,
                target=self.target,
                points=tuple(p for p in points if first_s <= p[0] <= last_s),
            )
            for (kind, side, code), points in self.points.items()
        ]


def _live(data: st.DataObject, replica: Replica, at_s: float) -> None:
    """What happens to a replica until its scrape at `at_s`, and perhaps that scrape."""
    match data.draw(st.sampled_from(["", "", "reload", "restart", "drop"]), "event"):
        case "restart":
            replica.restart()
        case "drop":
            replica.drop(data.draw(st.sampled_from(SERVICES)), at_s - SCRAPE_S / 2)
        case "reload":
            replica.count({RELOADS: 1})
    replica.count(data.draw(st.dictionaries(REQUESTS, st.integers(1, 9), max_size=5), "requests"))
    if data.draw(st.integers(0, 5), "scraped"):
        replica.scrape(at_s)


def _history(data: st.DataObject) -> tuple[list[Replica], float]:
    """Some replicas and when their history ends."""
    replicas = [Replica(target=f"t{i}") for i in range(data.draw(st.integers(1, 3), "replicas"))]
    scrapes = data.draw(st.integers(1, 10), "scrapes")
    for scrape in range(1, scrapes + 1):
        for phase_s, replica in enumerate(replicas):
            _live(data, replica, scrape * SCRAPE_S + phase_s)
    return replicas, (scrapes + 1) * SCRAPE_S


@given(st.data())
def test_what_happened_is_counted_exactly_once(data: st.DataObject) -> None:
    replicas, end_s = _history(data)
    moments = data.draw(st.lists(st.floats(0, end_s), max_size=8), "polls")
    ledger, window, counted, polled_s = Ledger(), Window.opened(0.0), Counter[object](), 0.0
    for now_s in [*sorted(moments), end_s]:
        reach_s = now_s - polled_s + data.draw(st.floats(0.0, 40.0), "overlap")
        answer = [s for r in replicas for s in r.answer(now_s - reach_s, now_s)]
        ledger, poll = ledger.advance(data.draw(st.permutations(answer), "order"))
        window, polled_s = window.add(poll), now_s
        for i in poll.increments:
            counted[i.target, (i.kind, i.side, i.code)] += i.amount
    assert +counted == Counter(
        {(r.target, name): n for r in replicas for name, n in r.truth.items()}
    )
    truth = sum((r.truth for r in replicas), Counter[Name]())
    assert window.canary.requests == sum(n for name, n in truth.items() if name[1] is Side.CANARY)
    assert window.fallback_requests == sum(
        n for name, n in truth.items() if name[1] is Side.FALLBACK
    )
    assert window.reloads == truth[RELOADS]


@given(st.data())
def test_windows_that_follow_each_other_share_nothing(data: st.DataObject) -> None:
    """Two bakes never count one request both, and together never more than there were."""
    replicas, end_s = _history(data)
    border_s = data.draw(st.floats(0.0, end_s), "border")
    _, poll = Ledger().advance([s for r in replicas for s in r.answer(0.0, border_s)])
    ledger, _ = Ledger().advance([s for r in replicas for s in r.answer(0.0, border_s)])
    _, later = ledger.advance([s for r in replicas for s in r.answer(0.0, end_s)])
    first = Window.opened(0.0).add(poll)
    second = Window.opened(border_s).add(later)
    truth = sum(n for r in replicas for name, n in r.truth.items() if name[1] is Side.CANARY)
    straddling = sum(
        i.amount
        for i in later.increments
        if i.side is Side.CANARY and i.start_s < border_s <= i.end_s
    )
    assert first.canary.requests + second.canary.requests + straddling == truth
