"""From raw counter samples to counts: every increment exactly once, never a rate.

Each poll reads some scrapes anew, and after one that failed all that was missed, so that it costs
nothing; the ledger knows what has been counted. `rate()` and `increase()` extrapolate and miss the
first increment of a newborn series, which for a canary is most of the evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import NamedTuple, TypeAlias

from canary.core.counts import Increment, Poll, Tally, Window
from canary.core.seen import Kind, Series, Side

__all__ = ["Increment", "Ledger", "Poll", "Tally", "Window"]

MEMORY_S = 120.0  # how long a silent series is remembered: Prometheus may restart meanwhile


class _Key(NamedTuple):
    """What makes a series the same series in the next poll."""

    target: str
    kind: Kind
    side: Side
    code: str
    method: str
    le_s: float

    @property
    def family(self) -> Side | None:
        """Series that are born and die together: one service's, or (None) the process's own."""
        return None if self.kind is Kind.RELOADS else self.side


_Track: TypeAlias = dict[float, float]  # value by timestamp
_Deaths: TypeAlias = set[tuple[float, Side | None]]  # by which scrape which family began anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What has been counted: the last sample of every series.

    `floor_s` is up to when series may have been forgotten: older samples never count again.
    Samples must be finite and of one moment's query: the samples of one scrape of a target share
    their timestamp, which is how an absent series is told from an absent scrape.
    """

    last: Mapping[_Key, tuple[float, float]] = field(default_factory=dict)
    floor_s: float = -inf

    def advance(self, series: Sequence[Series]) -> tuple[Ledger, Poll]:
        """Count what is new in `series`, a window of samples that may overlap earlier ones.

        A counter that falls began anew at zero, and so did its whole family. A series that the
        target's scrape before did not have is newborn and counts from zero. A series without a
        scrape before is only a base for later.
        """
        stamps = [ts for one in series for ts, _ in one.points]
        if not stamps:
            return self, Poll()
        increments: list[Increment] = []
        last = dict(self.last)
        for tracks in self._by_target(series).values():
            increments.extend(self._count(tracks))
            last.update((key, max(track.items())) for key, track in tracks.items())
        horizon_s = min(*stamps, max(stamps) - MEMORY_S)
        ledger = Ledger(
            last={key: sample for key, sample in last.items() if sample[0] >= horizon_s},
            floor_s=max(self.floor_s, horizon_s),
        )
        return ledger, Poll(increments=tuple(increments), newest_s=max(stamps))

    def _by_target(self, series: Sequence[Series]) -> dict[str, dict[_Key, _Track]]:
        """The samples, with the remembered ones put before them.

        Series that differ only in labels which nobody asked for are one: they are added up.
        """
        targets: dict[str, dict[_Key, _Track]] = defaultdict(lambda: defaultdict(dict))
        for one in series:
            key = _Key(one.target, one.kind, one.side, one.code, one.method, one.le_s)
            for ts, value in one.points:
                track = targets[one.target][key]
                track[ts] = track.get(ts, 0.0) + value
        for tracks in targets.values():
            for key in tracks.keys() & self.last.keys():
                ts, value = self.last[key]
                tracks[key].setdefault(ts, value)
        return targets

    def _count(self, tracks: Mapping[_Key, _Track]) -> Iterator[Increment]:
        """The increments of one target after what has been counted."""
        scrapes = {ts for track in tracks.values() for ts in track}
        before = {later: earlier for earlier, later in pairwise(sorted(scrapes))}
        deaths = _deaths(tracks, before)
        for key, track in tracks.items():
            counted_s = self.last[key][0] if key in self.last else -inf
            for end_s in sorted(track):
                if end_s <= counted_s or end_s < self.floor_s or end_s not in before:
                    continue
                start_s = before[end_s]
                reborn = (end_s, key.family) in deaths
                base = 0.0 if reborn else track.get(start_s, 0.0)
                yield _increment(key, start_s, end_s, track[end_s] - base)


def _deaths(tracks: Mapping[_Key, _Track], before: Mapping[float, float]) -> _Deaths:
    """The scrapes by which counters had begun anew.

    After a restart a busy counter may already be above its old value while its siblings are
    below theirs; and when the process's own counter fell, everything in it began anew.
    """
    deaths: _Deaths = set()
    for key, track in tracks.items():
        for end_s in track:
            start_s = before.get(end_s)
            if start_s in track and track[end_s] < track[start_s]:
                dead = [key.family] if key.family else [None, *Side]
                deaths.update((end_s, family) for family in dead)
    return deaths


def _increment(key: _Key, start_s: float, end_s: float, amount: float) -> Increment:
    return Increment(
        side=key.side,
        kind=key.kind,
        target=key.target,
        code=key.code,
        method=key.method,
        le_s=key.le_s,
        start_s=start_s,
        end_s=end_s,
        amount=round(amount),
    )
