"""The restore: puts all traffic of an app whose driver is dead back on the primary.

It swaps the plain list first, which carries the record: from then on the run is the guard's. What
else the dead driver may have been about to write is stamped with the guard's run afterwards, so
that a driver which only slept fails at whatever it had already begun.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from canary.guard import decisions
from canary.guard.decisions import Body
from canary.guard.station import MANAGER, App, Station


@dataclass(slots=True, kw_only=True)
class Restorer:
    """Restores apps; `settled` are the records of those of which nothing is left to be done.

    `begun` was restored since somebody asked, `kept` was not, for want of a primary; `tried` are
    records whose swap was not answered yet.
    """

    station: Station
    begun: list[App] = field(default_factory=list)
    kept: list[App] = field(default_factory=list)
    tried: dict[tuple[str, str], str] = field(default_factory=dict)
    settled: dict[tuple[str, str], str] = field(default_factory=dict)

    def newly(self, at_rest: Iterable[App]) -> list[App]:
        """What was restored since the last call: also where the answer to the swap was lost."""
        lost = [app for app in at_rest if self.tried.get(app.key) == app.text]
        for app in lost:
            self._restored(app)
        apps = [*self.begun]
        self.begun.clear()
        return apps

    def newly_kept(self) -> list[App]:
        """Those that it was said of since the last call that their weights stay."""
        apps = [*self.kept]
        self.kept.clear()
        return apps

    def _restored(self, app: App) -> None:
        self.tried.pop(app.key)
        self.station.health.restores += 1
        self.begun.append(app)

    def unsettled(self, new: Iterable[App], at_rest: Iterable[App]) -> list[App]:
        """What was restored, just now or before, and is not finished yet."""
        before = (app for app in at_rest if decisions.is_restored(app.record))
        return [app for app in (*new, *before) if self.is_left(app)]

    def is_left(self, app: App) -> bool:
        """Whether there is still something to be done about a restored app."""
        return self.settled.get(app.key) != app.text

    def restore(self, app: App) -> bool:
        """Lead everything to the primary, unless only others could serve it.

        Raises:
            ApiError: the API server did not do it, or somebody else was first.
            TakenOver: somebody else decides from now on.
        """
        primary = str(app.record.get("primary", ""))
        member = decisions.member_of(app.plain, app.name, primary)
        if not primary or member is None:
            return True  # a first version, or nothing: there is nothing to go back to
        if not self._may_move(app):
            if self.station.tell(app, "Kept", decisions.kept(app.record)):
                self.kept.append(app)
            return True
        record = decisions.restored(app.record, self.station.wall_s())
        body = decisions.recorded(decisions.stamped(app.plain, record["run"]), record)
        whole = decisions.all_to(body, member)
        self.tried[app.key] = whole["metadata"]["annotations"][decisions.RECORD]
        written = self.station.api.call("PUT", f"{app.lists}/{app.name}?{MANAGER}", whole)
        after = replace(app, plain=written, record=record)
        self._restored(after)
        self._lists_to(after)
        return True

    def _may_move(self, app: App) -> bool:
        """Whether requests may be led to the primary now."""
        others = sum(self.station.ready(app, one) for one in decisions.beside(app.record))
        primary = str(app.record.get("primary", ""))
        return decisions.may_restore(self.station.ready(app, primary), others)

    def tell(self, app: App) -> None:
        """Say in the cluster that an app was restored."""
        name = decisions.image_of(app.record, str(app.record["primary"]))
        note = f"{app.record['reason']}; all traffic is back on {name}"
        self.station.tell(app, "Restored", note)

    def settle(self, app: App) -> bool:
        """Finish what the swap of the plain list began, be it another guard's or another day's.

        Raises:
            ApiError: the API server did not do it.
            TakenOver: somebody else decides from now on.
        """
        run, primary = str(app.record["run"]), str(app.record["primary"])
        canary = str(app.record.get("canary", ""))
        if not self._may_move(app):
            return True  # the primary has lost its pods since the swap: looked at again
        self._lists_to(app)
        self.station.change(
            app,
            f"{app.services}/{app.name}",
            lambda body: decisions.pointed(decisions.stamped(body, run), canary, primary),
        )
        for name in ("failover", "mirror"):
            self.station.change(app, f"{app.lists}/{app.name}-{name}", None)
        if self._baseline_gone(app):
            self.settled[app.key] = app.text
        return True

    def _lists_to(self, app: App) -> None:
        """Lead what the other lists lead to the primary, too."""
        run, primary = str(app.record["run"]), str(app.record["primary"])
        member = decisions.member_of(app.plain, app.name, primary)
        if member is not None:
            whole = partial(_all_to, run=run, member=member)
            for name in ("shielded", "canary", "canary-shielded"):
                self.station.change(app, f"{app.lists}/{app.name}-{name}", whole)

    def _baseline_gone(self, app: App) -> bool:
        """Delete the primary's copy, Deployment first, once requests have drained from it."""
        what = f"{app.name}-{decisions.BASELINE}"
        paths = [f"{collection}/{what}" for collection in (app.deployments, app.services)]
        if not any(self.station.api.find(path) for path in paths):
            return True
        if not decisions.is_drained(app.record, self.station.wall_s()):
            return False
        for path in paths:
            self.station.change(app, path, None)
        return True


def _all_to(body: Body, *, run: str, member: Body) -> Body:
    return decisions.all_to(decisions.stamped(body, run), member)
