"""The drivers' signs of life in a namespace, and what must be looked at because of them.

At rest, and while all drivers live, a look is one small list of Leases. The records are listed when
a Lease vouches for a run that no record names yet, when a sign has not changed for a while, and
every half minute in any case.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from canary.guard import decisions
from canary.guard.decisions import STALE_S, Body, Look, Watch
from canary.guard.station import App

RESYNC_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The Leases of a namespace by name, read at once; monotonic seconds before and after."""

    leases: Mapping[str, Body]
    beats: Mapping[str, Mapping[str, str]]
    asked_s: float
    answered_s: float

    @classmethod
    def of(cls, leases: Iterable[Body], *, asked_s: float, answered_s: float) -> Signs:
        """What these Leases say."""
        by_name = {str(lease["metadata"]["name"]): lease for lease in leases}
        beats = {name: decisions.beats(lease) for name, lease in by_name.items()}
        return cls(leases=by_name, beats=beats, asked_s=asked_s, answered_s=answered_s)

    def about(self, lease: str, run: str) -> Look:
        """What a Lease says of one run; one that is gone vouches for none."""
        beat = self.beats.get(lease, {}).get(run, "")
        return Look(run=run, beat=beat, asked_s=self.asked_s, answered_s=self.answered_s)

    def whole(self, lease: str) -> Look:
        """Whether a Lease is the same as before."""
        beat = str(self.leases[lease]["metadata"].get("resourceVersion", ""))
        return Look(run=lease, beat=beat, asked_s=self.asked_s, answered_s=self.answered_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A run under way and the Lease that vouches for it."""

    run: str
    lease: str


@dataclass(slots=True, kw_only=True)
class Ground:
    """What is known of one namespace: its runs, by app, and since when nothing changed about them.

    `known` are the runs that records name; `listed_s` is when the records were listed last.
    """

    namespace: str
    listed_s: float = -math.inf
    known: frozenset[str] = frozenset()
    runs: dict[str, Held] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)
    holders: dict[str, Watch] = field(default_factory=dict)

    def listed(self, apps: Iterable[App]) -> None:
        """Take note of the records."""
        held = {app.name: (app, self._held(app.record)) for app in apps}
        self.known = frozenset(str(app.record.get("run", "")) for app, _ in held.values())
        self.runs = {name: of_run for name, (_, of_run) in held.items() if of_run}
        self.watches = {name: watch for name, watch in self.watches.items() if name in self.runs}

    def _held(self, record: Body) -> Held | None:
        """A run that can be put back once its driver is dead, which only a Lease can tell."""
        namespace, _, lease = str(record.get("lease") or "").partition("/")
        primary = record.get("primary")
        known = namespace == self.namespace and lease and primary and isinstance(primary, str)
        if not known or not decisions.is_unfinished(record):
            return None
        return Held(run=str(record.get("run", "")), lease=lease)

    def note(self, signs: Signs) -> None:
        """Take note of the Leases."""
        for name, held in self.runs.items():
            look = signs.about(held.lease, held.run)
            self.watches[name] = decisions.watched(self.watches.get(name), look)
        self.holders = {
            lease: decisions.watched(self.holders.get(lease), signs.whole(lease))
            for lease in signs.leases
        }

    def is_due(self, signs: Signs, owner: str) -> bool:
        """Whether the records must be listed."""
        if signs.asked_s - self.listed_s >= RESYNC_S:
            return True
        now_s = signs.asked_s
        if any(now_s - watch.since_s >= STALE_S for watch in self.watches.values()):
            return True
        alive = (
            lease
            for lease in self.holders
            if self.unchanged_s(lease, signs) < decisions.EXPIRY_S
            and decisions.marks(signs.leases[lease]).get(decisions.OWNER) == owner
        )
        return any(signs.beats[lease].keys() - self.known for lease in alive)

    def unchanged_s(self, lease: str, signs: Signs) -> float:
        """For how long a Lease has been seen not to change."""
        return signs.asked_s - self.holders[lease].since_s

    def is_dead(self, app: App, signs: Signs) -> bool:
        """Whether the driver of the app's run gave no sign for a full expiry."""
        held, watch = self.runs.get(app.name), self.watches.get(app.name)
        if held is None or watch is None:
            return False
        return decisions.expired(watch, signs.about(held.lease, held.run))
