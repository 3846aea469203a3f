"""What all parts of a guard share: the API server, the clocks, and how an object is changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from canary.guard import decisions
from canary.guard.api import Api
from canary.guard.decisions import OWNER, RECORD, Body
from canary.guard.errors import ApiError, TakenOver
from canary.guard.events import event
from canary.guard.health import Health

ATTEMPTS = 5
MANAGER = "fieldManager=canary-guard"
LISTS = "/apis/traefik.io/v1alpha1/namespaces/{}/traefikservices"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases"
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
    def key(self) -> tuple[str, str]:
        """What tells it from all others."""
        return self.namespace, self.name

    @property
    def text(self) -> str:
        """The record as it is written."""
        return str(self.plain["metadata"]["annotations"][RECORD])

    @property
    def lists(self) -> str:
        """The API path of its namespace's lists."""
        return LISTS.format(self.namespace)

    @property
    def services(self) -> str:
        """The API path of its namespace's Services."""
        return f"{CORE.format(self.namespace)}/services"

    @property
    def deployments(self) -> str:
        """The API path of its namespace's Deployments."""
        return DEPLOYMENTS.format(self.namespace)


@dataclass(slots=True, kw_only=True)
class Station:
    """Where a guard works: for the stack `owner`. `clock` is monotonic, `wall_s` unix seconds."""

    api: Api
    owner: str
    clock: Callable[[], float] = time.monotonic
    wall_s: Callable[[], float] = time.time
    health: Health = field(default_factory=lambda: Health(looked_s=time.monotonic()))
    told: set[str] = field(default_factory=set)

    def ours(self, body: Body) -> bool:
        """Whether an object belongs to the stack."""
        return bool(decisions.marks(body).get(OWNER) == self.owner)

    def safely(self, work: Callable[[Any], bool], about: object) -> bool:
        """Trouble with one app or namespace is not the others'."""
        try:
            return work(about)
        except ApiError as error:
            self.count(error)
            return False
        except TakenOver as error:
            log.info("%s", error)
            return True
        except Exception:  # what one app's objects make of the guard is not the others' either
            self.health.errors += 1
            log.exception("a bug of the guard")
            return False

    def count(self, error: ApiError) -> None:
        """Note that the API server did not do what it was asked."""
        self.health.errors += 1
        log.warning("%s", error)

    def change(self, app: App, path: str, change: Callable[[Body], Body] | None) -> None:
        """Swap one object of ours, or delete it, for as long as the record is the guard's.

        Raises:
            TakenOver: it is not any more.
            ApiError: the API server did not take it.
        """
        for attempt in range(ATTEMPTS):
            body = self.api.find(path)
            self.demand_unchanged(app)  # after that read: who comes later makes the swap fail
            if body is None or not self.ours(body) or decisions.run_of(body) == app.record["run"]:
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
            self.delete(path, body)
            return
        wanted = change(body)
        body["metadata"].pop("managedFields", None)
        if wanted != body:
            self.api.call("PUT", f"{path}?{MANAGER}", wanted)

    def delete(self, path: str, body: Body) -> None:
        """Delete an object as long as it is what was read.

        Raises:
            ApiError: the API server did not take it.
        """
        version = {"resourceVersion": body["metadata"]["resourceVersion"]}
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": version}
        self.api.call("DELETE", path, options)

    def demand_unchanged(self, app: App) -> None:
        """Pass as long as the app's record is what was read.

        Raises:
            TakenOver: it is not any more.
            ApiError: it cannot be read.
        """
        now = self.api.find(f"{app.lists}/{app.name}")
        if decisions.marks(now).get(RECORD) != app.text:
            raise TakenOver(f"{app.namespace}/{app.name}: somebody else took over")

    def ready(self, app: App, version: str) -> int:
        """How many endpoints of a version take requests.

        Raises:
            ApiError: they cannot be read.
        """
        if not version:
            return 0
        label = f"labelSelector=kubernetes.io/service-name={app.name}-{version}"
        return decisions.ready_endpoints(self.api.items(f"{SLICES.format(app.namespace)}?{label}"))

    def tell(self, app: App, reason: str, note: str) -> bool:
        """Say it once, in the log and as an Event; whether it is the first time.

        An Event that cannot be written is a warning.
        """
        if note in self.told:
            return False
        self.told.add(note)
        log.warning("%s/%s: %s", app.namespace, app.name, note)
        try:
            self.api.call(
                "POST", f"{CORE.format(app.namespace)}/events", event(app.plain, reason, note)
            )
        except ApiError as error:
            self.count(error)
        return True
