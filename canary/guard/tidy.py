"""What dead drivers leave besides traffic: pods of versions that failed, and old Leases.

A run stops the pods of a version that failed by itself; here is done what it no longer could.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from canary.guard import decisions
from canary.guard.decisions import Body
from canary.guard.errors import ApiError, TakenOver
from canary.guard.signs import Ground, Signs
from canary.guard.station import LEASES, MANAGER, App, Station

FAILED_TTL_S = 3600.0
LISTS = ("shielded", "canary", "canary-shielded", "failover", "mirror")

log = logging.getLogger("guard")


@dataclass(slots=True, kw_only=True)
class Tidier:
    """Stops failed versions `failed_ttl_s` after it first saw that they failed, by its own clock.

    `failed` and `stopped` are by app: since when its record says so, and the record that is done.
    """

    station: Station
    failed_ttl_s: float = FAILED_TTL_S
    failed: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    stopped: dict[tuple[str, str], str] = field(default_factory=dict)

    def stop_failed(self, app: App) -> bool:
        """Stop the pods of the version of which the record says that it failed.

        Raises:
            ApiError: the API server did not do it.
            TakenOver: a new run began meanwhile.
        """
        version = decisions.failed_version(app.record)
        text, since_s = self.failed.get(app.key, ("", 0.0))
        now_s = self.station.clock()
        if not version or text != app.text:
            self.failed[app.key] = (app.text, now_s)
            return True
        waiting = now_s - since_s < self.failed_ttl_s
        if waiting or self.stopped.get(app.key) == app.text or self._is_routed(app, version):
            return True
        try:
            self._stop(app, version)
        except ApiError as error:
            if error.status != 403:  # its right is for the version that was released last
                raise
            self.station.count(error)
        self.stopped[app.key] = app.text
        return True

    def _is_routed(self, app: App, version: str) -> bool:
        """Whether somebody leads requests to it all the same."""
        found = [self.station.api.find(f"{app.lists}/{app.name}-{suffix}") for suffix in LISTS]
        apex = self.station.api.find(f"{app.services}/{app.name}")
        return decisions.leads_to([app.plain, *filter(None, found)], apex, app.name, version)

    def _stop(self, app: App, version: str) -> None:
        """Whoever begins a run meanwhile gets his pods back."""
        path = f"{app.deployments}/{app.name}-{version}"
        body = self.station.api.find(path)
        replicas = decisions.replicas(body)
        if body is None or not self.station.ours(body) or not replicas:
            return
        self.station.demand_unchanged(app)  # after that read: who scales later makes ours fail
        self._scale(path, body["metadata"]["resourceVersion"], 0)
        try:
            self.station.demand_unchanged(app)
        except TakenOver:
            # He may have found enough pods, and so have scaled nothing.
            self._scale(path, "", replicas)
            raise
        name = decisions.image_of(app.record, version)
        ago = f"more than {self.failed_ttl_s:g} s after it failed"
        self.station.tell(app, "Stopped", f"{name} still had pods {ago}: they are stopped")

    def _scale(self, path: str, read: str, replicas: int) -> None:
        body: Body = {"spec": {"replicas": replicas}}
        if read:
            body["metadata"] = {"resourceVersion": read}
        self.station.api.call("PATCH", f"{path}/scale?{MANAGER}", body)

    def drop_leases(self, ground: Ground, signs: Signs) -> bool:
        """Delete Leases of ours that nobody renewed for an hour and no run under way names.

        Raises:
            ApiError: the API server did not do it.
        """
        named = {held.lease for held in ground.runs.values()}
        for name, lease in signs.leases.items():
            unseen = ground.unchanged_s(name, signs) < decisions.EXPIRY_S  # clocks may differ
            if unseen or name in named or not self.station.ours(lease):
                continue
            if decisions.is_old(lease, self.station.wall_s()):
                self._drop(f"{LEASES.format(ground.namespace)}/{name}", lease)
        return True

    def _drop(self, path: str, lease: Body) -> None:
        try:
            self.station.delete(path, lease)
        except ApiError as error:
            if error.status not in (404, 409):  # gone, or renewed after all
                raise
        else:
            log.info("%s: deleted, nobody renewed it", path)
