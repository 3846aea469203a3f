"""The guard over a fake API server, beside the adapters of the drivers that it guards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from canary.adapters.process.heartbeat import LeaseHeartbeat, LeaseKeeper, Pace
from canary.adapters.routes.lists import OWNER, RECORD, RUN
from canary.core.record import Phase, Record
from canary.guard.alerts import Alerts
from canary.guard.api import Api
from canary.guard.health import Health
from canary.guard.lead import Lead
from canary.guard.patrol import Patrol
from canary.guard.station import Station
from tests.contracts.routing import LISTS, NEW, OLD, REST, ApiWorld, at

SERVICES = "/api/v1/namespaces/test/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/test/deployments"
BASELINES = (f"{DEPLOYMENTS}/podinfo-baseline", f"{SERVICES}/podinfo-baseline")
SLICES = "/apis/discovery.k8s.io/v1/namespaces/test/endpointslices"
EVENTS = "/api/v1/namespaces/test/events"
PLAIN, SHIELDED, FAILOVER = LISTS.plain, LISTS.shielded, LISTS.failover


class Bench:
    """An app at rest, a driver that can be stopped, and a guard whose clock is moved by hand."""

    def __init__(self, world: ApiWorld) -> None:
        self.server = world.server
        self.world = world
        self.now_s = 1000.0
        self.alerts = "[]"
        self.pauses: list[float] = []
        pace = Pace(boot_s=self.clock, wall_s=self.clock, every_s=3600.0)
        self.keeper = LeaseKeeper(self.server.connect, namespace="test", owner="me", pace=pace)
        self.heartbeat = LeaseHeartbeat(self.keeper, "r1")
        self.patrol = self.guard()
        self.router = world.router()
        self.router.write(REST)
        metadata = {"name": "podinfo", "annotations": {OWNER: "me"}}
        self.server.put(SERVICES, {"metadata": metadata, "spec": {"selector": self.selector(OLD)}})
        self.endpoints(OLD, 2)
        self.endpoints(NEW, 2)

    def clock(self) -> float:
        return self.now_s

    def guard(self, lease: str = "", holder: str = "") -> Patrol:
        api = Api(url=self.server.url, token=lambda: "valid")
        health = Health(looked_s=self.now_s)
        station = Station(api=api, owner="me", clock=self.clock, wall_s=self.clock, health=health)
        alerts = Alerts.of(self.alerts, api)
        alerts.pause = self.pauses.append
        lead = Lead(station=station, path=lease, holder=holder)
        return Patrol(station=station, namespaces=("test",), alerts=alerts, lead=lead)

    @property
    def station(self) -> Station:
        """What the guard's parts share."""
        return self.patrol.station

    def selector(self, version: str) -> dict[str, str]:
        return {"app.kubernetes.io/name": "podinfo", "app.kubernetes.io/version": version}

    def skip(self, seconds: float) -> None:
        """Time passes."""
        self.now_s += seconds

    def endpoints(self, version: str, ready: int, *, app: str = "podinfo") -> None:
        name = f"{app}-{version}-x"
        self.server.objects.by_path.pop(f"{SLICES}/{name}", None)
        labels = {"kubernetes.io/service-name": f"{app}-{version}"}
        points = [{"conditions": {"ready": n < ready}} for n in range(3)]
        self.server.put(SLICES, {"metadata": {"name": name, "labels": labels}, "endpoints": points})

    def run_at(self, weight_percent: int, phase: Phase = Phase.PROGRESSING) -> Record:
        """A driver carries out run r1, up to here."""
        record = replace(at(weight_percent), phase=phase, lease=self.heartbeat.begin())
        self.router.write(replace(record, weight_percent=0))
        self.router.write(record)
        return record

    def run_mirrored(self) -> Record:
        """A driver carries out run r1, up to copies of requests."""
        record = replace(at(0), mirror_percent=50, lease=self.heartbeat.begin())
        self.router.write(replace(record, mirror_percent=0))
        self.router.write(record)
        return record

    def run_beside_baseline(self, weight_percent: int) -> Record:
        """A driver carries out run r1, up to here, with a baseline."""
        record = replace(at(weight_percent), baseline=True, lease=self.heartbeat.begin())
        self.router.write(replace(record, weight_percent=0))
        for path in BASELINES:
            collection, _, name = path.rpartition("/")
            marks = {OWNER: "me", RUN: "r1"}
            self.server.put(collection, {"metadata": {"name": name, "annotations": marks}})
        self.endpoints("baseline", 2)
        self.router.write(record)
        return record

    @property
    def baselines(self) -> list[str]:
        """What of the baseline is there."""
        return [path for path in BASELINES if path in self.server.objects.by_path]

    def pass_(self, seconds: float, *, alive: bool = False) -> None:
        """Time in which the guard looks every two seconds."""
        for _ in range(round(seconds / 2)):
            self.now_s += 2.0
            if alive:
                self.heartbeat.beat()
                self.keeper._renew()
            self.patrol.look()

    def body(self, name: str) -> Any:
        return self.server.objects.read(LISTS.path(name))

    @property
    def record(self) -> Record:
        return Record.from_json(self.body(PLAIN)["metadata"]["annotations"][RECORD])

    @property
    def apex(self) -> str:
        service = self.server.objects.read(f"{SERVICES}/podinfo")
        return str(service["spec"]["selector"]["app.kubernetes.io/version"])

    def writes(self) -> list[str]:
        """What was written since the last call."""
        calls, self.server.calls = [*self.server.calls], []
        return [call.partition("?")[0] for call in calls if not call.startswith("GET")]

    def demand_restored(self) -> None:
        only = [{"kind": "Service", "name": f"podinfo-{OLD}", "port": 80, "weight": 100}]
        for name in (PLAIN, SHIELDED):
            assert self.body(name)["spec"]["weighted"]["services"] == only
            assert self.body(name)["metadata"]["annotations"][RUN] == "guard-r1"
        there = self.server.objects.items(LISTS.collection, "", "")
        assert not {FAILOVER, LISTS.mirror} & {body["metadata"]["name"] for body in there}
        assert self.apex == OLD
        assert (self.record.phase, self.record.weight_percent) == (Phase.FAILED, 0)
        assert self.record.mirror_percent == 0
        assert self.record.reason.startswith("restored by guard: the driver of run r1 gave no sign")


class Meddling(Api):
    """Somebody else acts just before and after the guard's swaps, or what `method` is."""

    def __init__(
        self,
        api: Api,
        *,
        before: Callable[[], object] = list,
        after: Callable[[], object] = list,
        method: str = "PUT",
    ) -> None:
        super().__init__(url=api.url, token=api.token)
        self._meddle = (before, after)
        self._method = method

    def call(self, method: str, path: str, body: Any = None) -> Any:
        before, after = self._meddle
        if method == self._method:
            before()
        answer = super().call(method, path, body)
        if method == self._method:
            after()
        return answer
