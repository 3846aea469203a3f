"""An app's traffic in memory: the lists, Traefik's delay, foreign hands; drivers write through it.

Refuses impossible worlds: weights without a canary, traffic to versions that do not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from canary.core.record import Record
from canary.core.seen import Live, Route
from canary.errors import ConflictError, PortError


@dataclass(slots=True, kw_only=True)
class FakeTraffic:
    """What the cluster and Traefik hold of one app.

    `now_s` tells the time, `lag_s` how long Traefik takes to follow. `deployed`, when given, names
    the versions that exist; `up` those with ready endpoints. `faults` are raised by the next calls,
    one each; `lost` is how many of the next writes happen without an answer. `copies_to` is the
    version that gets copies of the primary's requests, or those that a rule picks, "" for none.
    """

    now_s: Callable[[], float] = lambda: 0.0
    lag_s: float = 0.0
    deployed: Callable[[], Collection[str]] | None = None
    up: Callable[[], Collection[str]] | None = None
    record: Record | None = None
    plain: dict[str, int] = field(default_factory=dict)
    shielded: dict[str, int] = field(default_factory=dict)
    copies_to: str = ""
    routed_copies_to: str = ""
    changed_by: str = ""
    order: str = ""
    written_s: float = 0.0
    revision: int = 0
    routed: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))
    frozen: bool = False
    faults: list[PortError] = field(default_factory=list)
    lost: int = 0
    records: list[Record] = field(default_factory=list)

    def edited(self, weights: dict[str, int], by: str = "kubectl-edit") -> None:
        """Somebody else changes the plain list."""
        self._catch_up()
        self._changed(by)
        self.plain = dict(weights)

    def ordered(self, text: str) -> None:
        """Somebody writes an order; weights and record stay."""
        self.order = text

    def taken_over(self, record: Record, by: str = "canary") -> None:
        """Another driver writes its own record."""
        self._catch_up()
        self._changed(by)
        self.record, self.plain, self.shielded = record, dict(record.members), dict(record.members)
        self.copies_to = beside(record)

    def swapped(self, record: Record, by: str) -> None:
        """Somebody swaps the plain list, which carries the record; the other lists stay."""
        self._catch_up()
        self._changed(by)
        self.record, self.plain = record, dict(record.members)

    def led(self, by: str) -> None:
        """The shielded list follows the record; a mirror stood in the primary's place in it."""
        self._catch_up()
        self._changed(by)
        assert self.record is not None, "lists without a record"
        self.shielded = dict(self.record.members)

    def unpicked(self, by: str) -> None:
        """Nobody gets requests beside the weights any more."""
        self._catch_up()
        self._changed(by)
        self.copies_to = ""

    def live(self) -> tuple[dict[str, int], dict[str, int]]:
        """What Traefik routes now: (plain, shielded)."""
        self._catch_up()
        return self.routed

    def change(self, record: Record) -> None:
        """Our driver's write, both lists."""
        self._demand_possible(record)
        self._catch_up()
        self._changed("canary")
        if self.record is None or self.record.run != record.run or self.order == record.obeyed:
            self.order = ""
        self.record, self.plain, self.shielded = record, dict(record.members), dict(record.members)
        self.copies_to = beside(record)
        self.records.append(record)

    def clear(self) -> None:
        """Everything is deleted."""
        self._catch_up()
        self._changed("")
        self.record, self.plain, self.shielded, self.copies_to = None, {}, {}, ""
        self.order = ""

    def raise_fault(self) -> None:
        if self.faults:
            raise self.faults.pop(0)

    def _changed(self, by: str) -> None:
        self.changed_by = by
        self.written_s = self.now_s()
        self.revision += 1

    def _catch_up(self) -> None:
        if not self.frozen and self.now_s() >= self.written_s + self.lag_s:
            self.routed = (dict(self.plain), dict(self.shielded))
            self.routed_copies_to = self.copies_to

    def _demand_possible(self, record: Record) -> None:
        assert 0 <= record.weight_percent <= 100, "a weight is a percentage"
        assert record.canary or not record.weight_percent, "weight without a canary"
        copied = record.mirror_percent
        assert not copied or (record.canary and not record.weight_percent), "copies beside weight"
        assert record.canary != record.primary or not record.canary, "a version is not both"
        if self.deployed is not None:
            unknown = {version for version, _ in record.members} - set(self.deployed())
            assert not unknown, f"traffic to versions that do not exist: {unknown}"


def beside(record: Record) -> str:
    """Who gets requests beside the weights."""
    picked = record.exposed and not record.weight_percent
    return record.canary if record.mirror_percent or picked else ""


class FakeRouter:
    """Implements `canary.ports.Router` for one driver; several may share one `traffic`."""

    def __init__(self, traffic: FakeTraffic) -> None:
        self.traffic = traffic
        self._seen: int | None = None

    def route(self) -> Route | None:
        self.traffic.raise_fault()
        self._seen = self.traffic.revision
        record = self.traffic.record
        if record is None:
            return None
        return Route(
            record=record,
            weights=dict(self.traffic.plain),
            shielded=dict(self.traffic.shielded),
            changed_by=self.traffic.changed_by,
            order=self.traffic.order,
        )

    def write(self, record: Record) -> None:
        self.traffic.raise_fault()
        if self._seen is None:
            self._seen = self.traffic.revision
        there = self.traffic.record is not None
        if there and self._seen != self.traffic.revision and not self._says(record):
            shares = "/".join(map(str, self.traffic.plain.values())) or "nothing"
            raise ConflictError(
                f"the weights were changed to {shares} by {self.traffic.changed_by}"
            )
        self.traffic.change(replace(record, images=dict(record.images)))
        if self.traffic.lost:
            self.traffic.lost -= 1
            raise PortError("the answer was lost", retryable=True)
        self._seen = self.traffic.revision

    def live(self, record: Record) -> Live:
        self.traffic.raise_fault()
        plain, shielded = self.traffic.live()
        wanted = dict(record.members)
        up = None if self.traffic.up is None else set(self.traffic.up())
        copies_to = beside(record)
        asked = {*wanted, copies_to} - {""}
        down = set() if up is None else asked - up
        confirmed = plain == wanted == shielded and not down
        confirmed = confirmed and self.traffic.routed_copies_to == copies_to
        text = f"no server up for {', '.join(sorted(down))}" if down else "the lists differ"
        return Live(
            confirmed=confirmed,
            versions=frozenset({*plain, *shielded, self.traffic.routed_copies_to} - {""}),
            text="" if confirmed else text,
        )

    def remove(self) -> None:
        self.traffic.raise_fault()
        self.traffic.clear()
        self._seen = self.traffic.revision

    def _says(self, record: Record) -> bool:
        """Whether the conflict is with a write of our own whose answer was lost."""
        return self.traffic.record == record and self.traffic.plain == dict(record.members)
