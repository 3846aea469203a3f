"""The patrol: looks at every app of a stack, again and again, and restores where a driver is dead.

A restore swaps the plain list first, which carries the record: from then on the run is the guard's.
What else the dead driver may have been about to write is stamped with the guard's run afterwards,
so that a driver which only slept fails at whatever it had already begun.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from canary.guard import decisions
from canary.guard.api import Api
from canary.guard.decisions import OWNER, RECORD, Body, Look, Watch
from canary.guard.errors import ApiError, TakenOver
from canary.guard.events import event
from canary.guard.health import Health

ATTEMPTS = 5
MANAGER = "fieldManager=canary-guard"
LISTS = "/apis/traefik.io/v1alpha1/namespaces/{}/traefikservices"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/{}"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices"
DEPLOYMENTS = "/apis/apps/v1/namespaces/{}/deployments"
CORE = "/api/v1/namespaces/{}"

log = logging.getLogger("guard")


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One app as it was read: its namespace, its plain list and the record on it."""

    namespace: str
    plain: Body
    record: Body

    @property
    def name(self) -> str:
        """The app's, and the plain list's."""
        return str(self.plain["metadata"]["name"])

    @property
    def lists(self) -> str:
        """The API path of its namespace's lists."""
        return LISTS.format(self.namespace)

    @property
    def workloads(self) -> tuple[str, str]:
        """The API paths of its namespace's Deployments and Services."""
        return DEPLOYMENTS.format(self.namespace), f"{CORE.format(self.namespace)}/services"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A Lease, None if there is none, and the monotonic seconds before and after it was read."""

    body: Body | None
    asked_s: float
    answered_s: float

    def of(self, run: str) -> Look:
        """What it says of one run."""
        beat = decisions.beat_of(self.body, run)
        return Look(run=run, beat=beat, asked_s=self.asked_s, answered_s=self.answered_s)


@dataclass(slots=True, kw_only=True)
class Patrol:
    """Watches the apps of one stack (`owner`) in these namespaces.

    `clock` is monotonic, `wall_s` gives unix seconds.
    """

    api: Api
    owner: str
    namespaces: tuple[str, ...]
    clock: Callable[[], float] = time.monotonic
    wall_s: Callable[[], float] = time.time
    health: Health = field(default_factory=lambda: Health(looked_s=time.monotonic()))
    watches: dict[tuple[str, str], Watch] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    begun: list[App] = field(default_factory=list)

    def look(self) -> bool:
        """Look once at everything; whether all of it could be seen and done."""
        results = [self._safely(self._look, namespace) for namespace in self.namespaces]
        complete = all(results)
        self.health.runs = len(self.watches)
        self.health.looked(self.clock(), complete=complete)
        return complete

    def _safely(self, work: Callable[[Any], bool], about: object) -> bool:
        """Trouble with one app or namespace is not the others'."""
        try:
            return work(about)
        except ApiError as error:
            self._count(error)
            return False
        except TakenOver as error:
            log.info("%s", error)
            return True

    def _count(self, error: ApiError) -> None:
        self.health.errors += 1
        log.warning("%s", error)

    def _look(self, namespace: str) -> bool:
        apps = [
            App(namespace=namespace, plain=body, record=record)
            for body in self.api.items(LISTS.format(namespace))
            if self._ours(body) and (record := decisions.record_of(body))
        ]
        busy = [app for app in apps if decisions.is_unfinished(app.record)]
        gone = {key for key in self.watches if key[0] == namespace}
        for key in gone - {(namespace, app.name) for app in busy}:
            del self.watches[key]
        signs: dict[str, Sign] = {}
        results = [self._safely(partial(self._consider, signs=signs), app) for app in busy]
        dead = [app for app in busy if self._is_dead(app, signs)]
        # Traffic of all first: what one app needs besides must not keep another's on the canary.
        results += [self._safely(self._restore, app) for app in dead]
        left = [
            *self.begun,
            *(a for a in apps if a not in busy and decisions.is_restored(a.record)),
        ]
        self.begun.clear()
        results += [self._safely(self._settle, app) for app in left]
        return all(results)

    def _ours(self, body: Body) -> bool:
        annotations = body["metadata"].get("annotations") or {}
        return bool(annotations.get(OWNER) == self.owner)

    def _consider(self, app: App, signs: dict[str, Sign]) -> bool:
        """All apps were read before the Lease: a driver that came back meanwhile wins the swap.

        Runs of one driver share a Lease, which is read once: it is as fresh for all of them.
        """
        namespace, _, lease = str(app.record.get("lease") or "").partition("/")
        if namespace != app.namespace or not lease:
            return True  # by a program that gives no sign of life: nobody can tell
        if lease not in signs:
            asked_s = self.clock()
            body = self.api.find(LEASE.format(namespace, lease))
            signs[lease] = Sign(body=body, asked_s=asked_s, answered_s=self.clock())
        key = (namespace, app.name)
        look = signs[lease].of(str(app.record.get("run", "")))
        self.watches[key] = decisions.watched(self.watches.get(key), look)
        return True

    def _is_dead(self, app: App, signs: dict[str, Sign]) -> bool:
        watch = self.watches.get((app.namespace, app.name))
        sign = signs.get(str(app.record.get("lease") or "").partition("/")[2])
        return bool(watch and sign and decisions.expired(watch, sign.of(watch.run)))

    def _restore(self, app: App) -> bool:
        primary = str(app.record.get("primary", ""))
        member = decisions.member_of(app.plain, app.name, primary)
        if not primary or member is None:
            return True  # a first version, or nothing: there is nothing to go back to
        others = sum(self._ready(app, version) for version in decisions.beside(app.record))
        if not decisions.may_restore(self._ready(app, primary), others):
            why = f"the driver of run {app.record.get('run')} is dead; the weights stay, because"
            self._tell(app, "Kept", f"{why} the primary has no ready pod")
            return True
        record = decisions.restored(app.record, self.wall_s())
        body = decisions.recorded(decisions.stamped(app.plain, record["run"]), record)
        written = self.api.call(
            "PUT", f"{app.lists}/{app.name}?{MANAGER}", decisions.all_to(body, member)
        )
        self.health.restores += 1
        name = (record.get("images") or {}).get(primary, primary)
        after = App(namespace=app.namespace, plain=written, record=record)
        self.begun.append(after)
        self._lists_to(after)
        self._tell(after, "Restored", f"{record['reason']}; all traffic is back on {name}")
        return True

    def _settle(self, app: App) -> bool:
        """Finish what the swap of the plain list began, be it another guard's or another day's."""
        text = str(app.plain["metadata"]["annotations"][RECORD])
        if text in self.settled:
            return True
        run, primary = str(app.record["run"]), str(app.record["primary"])
        canary = str(app.record.get("canary", ""))
        self._lists_to(app)
        self._change(
            app,
            f"{CORE.format(app.namespace)}/services/{app.name}",
            lambda body: decisions.pointed(decisions.stamped(body, run), canary, primary),
        )
        for name in ("failover", "mirror"):
            self._change(app, f"{app.lists}/{app.name}-{name}", None)
        if self._baseline_gone(app):
            self.settled.add(text)
        return True

    def _lists_to(self, app: App) -> None:
        """Lead what the other lists lead to the primary, too."""
        run, primary = str(app.record["run"]), str(app.record["primary"])
        member = decisions.member_of(app.plain, app.name, primary)
        if member is not None:
            whole = partial(self._all_to, run=run, member=member)
            for name in ("shielded", "canary", "canary-shielded"):
                self._change(app, f"{app.lists}/{app.name}-{name}", whole)

    def _baseline_gone(self, app: App) -> bool:
        """Delete the primary's copy, Deployment first, once requests have drained from it."""
        paths = [f"{what}/{app.name}-{decisions.BASELINE}" for what in app.workloads]
        if not any(self.api.find(path) for path in paths):
            return True
        if not decisions.is_drained(app.record, self.wall_s()):
            return False
        for path in paths:
            self._change(app, path, None)
        return True

    @staticmethod
    def _all_to(body: Body, *, run: str, member: Body) -> Body:
        return decisions.all_to(decisions.stamped(body, run), member)

    def _change(self, app: App, path: str, change: Callable[[Body], Body] | None) -> None:
        """Swap one object of ours, or delete it, for as long as the record is the guard's.

        Raises:
            TakenOver: it is not any more.
            ApiError: the API server did not take it.
        """
        for attempt in range(ATTEMPTS):
            body = self.api.find(path)
            self._demand_unchanged(app)  # after that read: who comes later makes the swap fail
            if body is None or not self._ours(body) or decisions.run_of(body) == app.record["run"]:
                return  # nobody's, or done before: what others do at rest is not the guard's
            try:
                self._swap(path, body, change)
            except ApiError as error:
                if error.status not in (404, 409) or attempt + 1 == ATTEMPTS:
                    raise
            else:
                return

    def _swap(self, path: str, body: Body, change: Callable[[Body], Body] | None) -> None:
        if change is None:
            version = {"resourceVersion": body["metadata"]["resourceVersion"]}
            options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": version}
            self.api.call("DELETE", path, options)
            return
        wanted = change(body)
        body["metadata"].pop("managedFields", None)
        if wanted != body:
            self.api.call("PUT", f"{path}?{MANAGER}", wanted)

    def _demand_unchanged(self, app: App) -> None:
        now = self.api.find(f"{app.lists}/{app.name}")
        annotations = ((now or {}).get("metadata") or {}).get("annotations") or {}
        if annotations.get(RECORD) != app.plain["metadata"]["annotations"][RECORD]:
            raise TakenOver(f"{app.namespace}/{app.name}: somebody else took over")

    def _ready(self, app: App, version: str) -> int:
        if not version:
            return 0
        label = f"labelSelector=kubernetes.io/service-name={app.name}-{version}"
        return decisions.ready_endpoints(self.api.items(f"{SLICES.format(app.namespace)}?{label}"))

    def _tell(self, app: App, reason: str, note: str) -> None:
        """Say it once, in the log and as an Event; an Event that cannot be written is a warning."""
        if note in self.told:
            return
        self.told.add(note)
        log.warning("%s/%s: %s", app.namespace, app.name, note)
        try:
            self.api.call(
                "POST", f"{CORE.format(app.namespace)}/events", event(app.plain, reason, note)
            )
        except ApiError as error:
            self._count(error)
