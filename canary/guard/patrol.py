"""The patrol: looks at the signs of life of a stack's drivers, and restores where one is dead."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial

from canary.guard import decisions
from canary.guard.alerts import Alerts
from canary.guard.lead import Lead
from canary.guard.restore import Restorer
from canary.guard.signs import Ground, Signs
from canary.guard.station import LEASES, LISTS, App, Station
from canary.guard.tidy import FAILED_TTL_S, Tidier

OURS = "labelSelector=app.kubernetes.io/managed-by=canary"


@dataclass(slots=True, kw_only=True)
class Patrol:
    """Watches the apps of one stack in these namespaces."""

    station: Station
    namespaces: tuple[str, ...]
    alerts: Alerts
    lead: Lead
    failed_ttl_s: float = FAILED_TTL_S
    restorer: Restorer = field(init=False)
    tidier: Tidier = field(init=False)
    grounds: dict[str, Ground] = field(init=False)

    def __post_init__(self) -> None:
        """Know nothing yet."""
        self.restorer = Restorer(station=self.station)
        self.tidier = Tidier(station=self.station, failed_ttl_s=self.failed_ttl_s)
        self.grounds = {namespace: Ground(namespace=namespace) for namespace in self.namespaces}

    def look(self) -> bool:
        """Look once at everything; whether all of it could be seen and done."""
        followed = not self.lead.leads
        if self.lead.renewed() and followed:
            for ground in self.grounds.values():
                ground.listed_s = -math.inf  # what another one left
        results = [self.station.safely(self._look, ground) for ground in self.grounds.values()]
        complete = all(results)
        health = self.station.health
        health.runs = sum(len(ground.watches) for ground in self.grounds.values())
        health.looked(self.station.clock(), complete=complete)
        return complete

    def _look(self, ground: Ground) -> bool:
        signs = self._signs(ground)
        if not ground.is_due(signs, self.station.owner):
            return True
        apps = self._apps(ground)
        ground.listed(apps)
        # All records were read before the Leases: a driver that came back meanwhile wins the swap.
        unsettled, done = self._act(ground, apps, self._signs(ground))
        finished = done and not any(map(self.restorer.is_left, unsettled))
        ground.listed_s = signs.asked_s if finished else -math.inf
        return done

    def _signs(self, ground: Ground) -> Signs:
        """All Leases at once: as fresh for one run as for another."""
        asked_s = self.station.clock()
        leases = self.station.api.items(f"{LEASES.format(ground.namespace)}?{OURS}")
        signs = Signs.of(leases, asked_s=asked_s, answered_s=self.station.clock())
        ground.note(signs)
        return signs

    def _apps(self, ground: Ground) -> list[App]:
        return [
            App(namespace=ground.namespace, plain=body, record=record)
            for body in self.station.api.items(LISTS.format(ground.namespace))
            if self.station.ours(body) and (record := decisions.record_of(body))
        ]

    def _act(self, ground: Ground, apps: list[App], signs: Signs) -> tuple[list[App], bool]:
        """Traffic of all first: what one app needs besides must not keep another's on the canary.

        Returns the apps that were restored, now or before, and whether everything was done.
        """
        if not self.lead.leads:
            return [], True
        safely, restorer = self.station.safely, self.restorer
        dead = [app for app in apps if ground.is_dead(app, signs)]
        results = [safely(restorer.restore, app) for app in dead]
        at_rest = [app for app in apps if not decisions.is_unfinished(app.record)]
        new = restorer.newly(at_rest)
        unsettled = restorer.unsettled(new, at_rest)
        results += [safely(restorer.settle, app) for app in unsettled]
        for app in new:
            restorer.tell(app)
            self.alerts.restored(app)
        for app in restorer.newly_kept():
            self.alerts.kept(app)
        results += [safely(self.tidier.stop_failed, app) for app in at_rest]
        results.append(safely(partial(self.tidier.drop_leases, ground), signs))
        return unsettled, all(results)
