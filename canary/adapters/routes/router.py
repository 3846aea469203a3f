"""Where the app's traffic goes: the TraefikServices, written by compare-and-swap.

The record and the plain list's weights are one write. On raising the shielded list is written
first, on lowering last, so that a driver that dies in between leaves the canary less traffic than
the record says, never more. A write that was cut short converges when it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.adoption import given_back, is_adopted
from canary.adapters.routes.claim import Claim, run_of
from canary.adapters.routes.lists import (
    ORDER,
    OWNER,
    RECORD,
    RUN,
    Lists,
    Object,
    last_writer,
    owner_of,
    same,
)
from canary.adapters.routes.traffic import TrafficView
from canary.core.record import Record
from canary.core.seen import Live, Route
from canary.errors import ClusterError, ConflictError

_ATTEMPTS = 3

Body = Callable[[Record, Object | None], Object]


class ClusterRouter:
    """The Router port over the API server; `traffic` asks Traefik's replicas.

    `claim` is for the adapters of what does not carry the record.
    """

    def __init__(self, cluster: Cluster, lists: Lists, traffic: TrafficView) -> None:
        self._cluster = cluster
        self._lists = lists
        self._traffic = traffic
        self._seen: dict[str, Object] | None = None
        self.claim = Claim(cluster, lists.path(lists.plain))

    def route(self) -> Route | None:
        """The record and the weights as written; remembers them for the next `write`."""
        seen = self._look()
        self._seen = seen
        plain = seen.get(self._lists.plain)
        if plain is None or not owner_of(plain):
            self.claim.found("")
            return None
        self.claim.found(run_of(plain))
        failover = seen.get(self._lists.failover)
        shielded = seen.get(self._lists.shielded)
        mirror = seen.get(self._lists.mirror)
        weights = self._lists.weights(plain, mirror)
        ignored = shielded is None and self._lists.shield is None
        return Route(
            record=self._record(plain),
            weights=weights,
            shielded=weights if ignored else self._lists.weights(shielded, failover, mirror),
            picked=self._picked(seen),
            changed_by=last_writer(plain),
            order=str((plain["metadata"].get("annotations") or {}).get(ORDER, "")),
        )

    def write(self, record: Record) -> None:
        """Make the cluster say `record`; see the port for order and conflicts."""
        if self._seen is None:
            self.route()
        lists = self._lists
        if lists.is_mirrored(record):
            self._put(lists.mirror, lists.mirror_body, record)
        if self._raises(record):
            self._write_shielded(record)
            self._write_plain(record)
        else:
            self._write_plain(record)
            self._write_shielded(record)
        self._write_picked(record)
        if not lists.is_shielded(record):
            self._drop(lists.failover)
        if not lists.is_mirrored(record):
            self._drop(lists.mirror)

    def live(self, record: Record) -> Live:
        """What Traefik's replicas route, compared with `record`, for both lists."""
        return self._traffic.compare(self._lists, record)

    def remove(self) -> None:
        """Delete the TraefikServices that are ours; one that no version ever had is given back."""
        self.route()
        for name in self._lists.names:
            self._drop(name)

    def _look(self) -> dict[str, Object]:
        lists = self._lists
        found = self._cluster.list_app(lists.collection, lists.app)
        seen = {body["metadata"]["name"]: body for body in found}
        if lists.plain not in seen:  # or its label was taken off, or it is somebody else's
            plain = self._cluster.find(lists.path(lists.plain))
            seen |= {} if plain is None else {lists.plain: plain}
        ours = {name: body for name, body in seen.items() if name in lists.names}
        for body in ours.values():
            self._demand_ours(body)
        return ours

    def _demand_ours(self, body: Object) -> None:
        adoptable = self._lists.adopts and body["metadata"]["name"] == self._lists.plain
        if owner_of(body) == self._lists.owner or (adoptable and not owner_of(body)):
            return
        whose = "belongs to another stack" if owner_of(body) else f"has no {OWNER} annotation"
        raise ConflictError(
            f"TraefikService {body['metadata']['name']} in namespace {self._lists.namespace} "
            f"exists and is not ours: it {whose}; remove it or rename the app"
        )

    def _record(self, plain: Object) -> Record:
        text = (plain["metadata"].get("annotations") or {}).get(RECORD, "")
        try:
            return Record.from_json(text)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConflictError(
                f"the record on TraefikService {self._lists.plain} in namespace "
                f"{self._lists.namespace} cannot be read; last written by {last_writer(plain)}"
            ) from None

    def _raises(self, record: Record) -> bool:
        now = self._lists.weights((self._seen or {}).get(self._lists.plain))
        return record.weight_percent > now.get(record.canary, 0)

    def _write_plain(self, record: Record) -> None:
        self._put(self._lists.plain, self._lists.plain_body, record)
        self.claim.written(record.run)

    def _write_shielded(self, record: Record) -> None:
        """Keep the shielded list true; with the shield off only one that is already there."""
        lists = self._lists
        if lists.shield is None and lists.shielded not in (self._seen or {}):
            return
        if lists.is_shielded(record):
            self._put(lists.failover, lists.failover_body, record)
        self._put(lists.shielded, lists.shielded_body, record)

    def _write_picked(self, record: Record) -> None:
        """Those that a route leads to, and those that are there: another strategy may have left."""
        lists = self._lists
        bodies = {
            lists.canary: lists.canary_body,
            lists.canary_shielded: lists.canary_shielded_body,
        }
        for name, body in bodies.items():
            if name in lists.wanted or name in self._known():
                self._put(name, body, record)

    def _picked(self, seen: dict[str, Object]) -> tuple[dict[str, int], ...]:
        lists = self._lists
        names = dict.fromkeys((*lists.wanted, lists.canary, lists.canary_shielded))
        there = (name for name in names if name in lists.wanted or name in seen)
        failover = seen.get(lists.failover)
        return tuple(lists.weights(seen.get(name), failover) for name in there)

    def _put(self, name: str, body: Body, record: Record) -> None:
        """Create or replace one object, unless it says so already."""
        assumed = self._known().get(name)
        for attempt in range(_ATTEMPTS):
            before = self._known().get(name)
            wanted = body(record, before)
            if before is not None and same(before, wanted):
                return
            try:
                self._known()[name] = self._written(name, before, wanted)
            except ConflictError:
                now = self._reread(name)
                if now is not None and same(now, body(record, now)):
                    return  # our own write, whose answer was lost
                self._demand_benign(name, assumed, now, record.run)
                if attempt + 1 == _ATTEMPTS:
                    raise
            else:
                return

    def _written(self, name: str, before: Object | None, wanted: Object) -> Object:
        lists = self._lists
        if before is None:
            return self._cluster.create(lists.collection, wanted)
        try:
            return self._cluster.replace(lists.path(name), wanted)
        except ClusterError as error:
            if error.status != 404:
                raise
        for mark in ("resourceVersion", "uid", "creationTimestamp", "generation"):
            wanted["metadata"].pop(mark, None)
        return self._cluster.create(lists.collection, wanted)

    def _reread(self, name: str) -> Object | None:
        now = self._cluster.find(self._lists.path(name))
        if now is None:
            self._known().pop(name, None)
            return None
        self._demand_ours(now)
        self._known()[name] = now
        return now

    def _demand_benign(
        self, name: str, before: Object | None, now: Object | None, run: str
    ) -> None:
        """Pass if only something that is not ours changed, such as a label."""
        change = "" if now is None else self._change(name, before, now, run)
        if not change:
            return
        # What was assumed stays assumed: nothing is written before somebody has looked again.
        if before is None:
            self._known().pop(name, None)
        else:
            self._known()[name] = before
        by = last_writer(now or {}) or "somebody"
        where = f"in namespace {self._lists.namespace}"
        raise ConflictError(f"{change} {where} by {by}")

    def _change(self, name: str, before: Object | None, now: Object, run: str) -> str:
        if before is None:
            # Leftovers of ours may be adopted; a plain list means that another driver was here,
            # unless it is our own of which no answer came.
            own = run_of(now) == run
            theirs = name == self._lists.plain and not own
            return f"TraefikService {name} was created" if theirs else ""
        stand_ins = [self._known().get(n) for n in (self._lists.failover, self._lists.mirror)]
        weights = self._lists.weights(now, *stand_ins)
        if weights != self._lists.weights(before, *stand_ins):
            shares = "/".join(str(weight) for weight in weights.values()) or "nothing"
            return f"the weights of {name} were changed to {shares}"
        marks = [(body["metadata"].get("annotations") or {}) for body in (before, now)]
        if marks[1].get(RUN) not in (marks[0].get(RUN), run):
            return f"{name} was taken over by run {marks[1].get(RUN)}"
        changed = marks[0].get(RECORD) != marks[1].get(RECORD)
        return f"the record of {name} was changed" if changed else ""

    def _known(self) -> dict[str, Object]:
        if self._seen is None:
            self._seen = self._look()
        return self._seen

    def _drop(self, name: str) -> None:
        for attempt in range(_ATTEMPTS):
            body = self._known().get(name)
            if body is None or not owner_of(body):
                return
            try:
                self._let_go(name, body)
            except ConflictError:
                self._reread(name)
                if attempt + 1 == _ATTEMPTS:
                    raise
            else:
                self._known().pop(name, None)

    def _let_go(self, name: str, body: Object) -> None:
        path = self._lists.path(name)
        if is_adopted(body):
            self._cluster.replace(path, given_back(body, (OWNER, RUN, RECORD, ORDER)))
        else:
            version = str(body["metadata"]["resourceVersion"])
            self._cluster.delete(path, resource_version=version)
