"""Which of several guards acts: the one that holds their Lease. All of them watch.

Two that act at once do no harm, since every write is a swap; they would only tell things twice. So
where there is no Lease, or no right to it, each acts.
"""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

from canary.guard import decisions
from canary.guard.decisions import Body, Look, Watch
from canary.guard.errors import ApiError
from canary.guard.station import MANAGER, Station

LEAD_S = 6.0  # without a renewal; less than a run's expiry, so that no restore waits for it

log = logging.getLogger("guard")


@dataclass(slots=True, kw_only=True)
class Lead:
    """`path` is the Lease's in the API, "" where a guard is alone; `holder` names this one."""

    station: Station
    path: str = ""
    holder: str = ""
    watch: Watch | None = field(default=None, init=False)
    leads: bool = field(default=False, init=False)

    def renewed(self) -> bool:
        """Hold the Lease, or take it if its holder is gone; whether this one acts now."""
        try:
            leads = not self.path or self._held()
        except ApiError as error:
            self.station.count(error)
            leads = error.status in (403, 404)
        if leads and not self.leads and self.path:
            log.info("%s leads", self.holder)
        self.leads = leads
        self.station.health.leads = leads
        return leads

    def _held(self) -> bool:
        asked_s = self.station.clock()
        lease = self.station.api.call("GET", self.path)
        spec = lease.get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        if holder and holder != self.holder:
            renewed = str(spec.get("renewTime") or "")
            answered_s = self.station.clock()
            look = Look(run=holder, beat=renewed, asked_s=asked_s, answered_s=answered_s)
            self.watch = decisions.watched(self.watch, look)
            if asked_s - self.watch.since_s < LEAD_S:
                return False
        return self._written(lease, self.holder)

    def release(self) -> None:
        """Let another one act from now on; without this it waits a while."""
        if not (self.path and self.leads):
            return
        try:
            lease = self.station.api.call("GET", self.path)
            if (lease.get("spec") or {}).get("holderIdentity") == self.holder:
                self._written(lease, "")
        except ApiError as error:
            self.station.count(error)

    def _written(self, lease: Body, holder: str) -> bool:
        """Whether nobody else was first."""
        now = datetime.fromtimestamp(self.station.wall_s(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        after = copy.deepcopy(lease)
        spec = after["spec"] = after.get("spec") or {}
        if spec.get("holderIdentity") != holder:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + 1
        spec |= {"holderIdentity": holder, "renewTime": now, "leaseDurationSeconds": round(LEAD_S)}
        after["metadata"].pop("managedFields", None)
        try:
            self.station.api.call("PUT", f"{self.path}?{MANAGER}", after)
        except ApiError as error:
            if error.status == 409:
                return False
            raise
        return True
