"""A driver that slept in the middle of a write, while its run was taken over, writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from canary.adapters.pods.autoscalers import ClusterAutoscalers
from canary.adapters.pods.fleet import ClusterFleet
from canary.adapters.routes.apex import ApexService
from canary.adapters.routes.claim import run_of
from canary.core.record import BASELINE, Phase
from canary.errors import ClusterError, ConflictError
from tests.contracts.guarding import Bench
from tests.contracts.pods import NOW_S, deployment
from tests.contracts.routing import LISTS, NEW, OLD, ApiWorld, api_world, at
from tests.contracts.test_apex import PATH as APEX
from tests.contracts.test_fleet import DEPLOYMENTS, SCALERS
from tests.fakes.objects import Objects

Act = Callable[["Driver"], object]

CANARY, PRIMARY = f"{DEPLOYMENTS}/podinfo-{NEW}", f"{DEPLOYMENTS}/podinfo-{OLD}"
SCALER = f"{SCALERS}/podinfo-{OLD}"

ACTS: dict[str, tuple[str, Act]] = {
    "grow": (CANARY, lambda driver: driver.fleet.scale(NEW, 5)),
    "stop": (CANARY, lambda driver: driver.fleet.scale(NEW, 0)),
    "stop the primary": (PRIMARY, lambda driver: driver.fleet.scale(OLD, 0)),
    "demand": (SCALER, lambda driver: driver.fleet.scale(OLD, 4)),
    "hold": (SCALER, lambda driver: driver.scalers.hold(OLD)),
    "release": (SCALER, lambda driver: driver.scalers.release(OLD)),
    "flip": (APEX, lambda driver: driver.apex.point_to(NEW)),
}


class Driver:
    """A run's adapters, over a connection of its own."""

    def __init__(self, world: ApiWorld) -> None:
        self.router = world.router()
        self.cluster = world.server.connect()
        ours: dict[str, Any] = {"app": "podinfo", "namespace": "test", "owner": "me"}
        ours["claim"] = self.router.claim
        self.fleet: ClusterFleet = ClusterFleet(self.cluster, **ours, wall_s=lambda: NOW_S)
        self.scalers: ClusterAutoscalers = ClusterAutoscalers(self.cluster, **ours)
        self.apex: ApexService = ApexService(self.cluster, **ours)

    def begin(self, run: str) -> None:
        """As a run does: repair and claim, then use what is there."""
        self.router.route()
        self.router.write(replace(at(0), run=run, phase=Phase.PREPARING))
        self.apex.point_to(OLD)
        self.scalers.hold(OLD)
        self.fleet.scale(NEW, 2)

    def asleep(self, moment: str, slept_on: str, meanwhile: Callable[[], None]) -> None:
        """Sleep once: after it read the object, or after it looked whose the app is."""
        todo = [meanwhile]

        def wake() -> None:
            if todo:
                todo.pop()()

        find = self.cluster.find

        def found(path: str) -> Any:
            body = find(path)
            if path == slept_on:
                wake()
            return body

        if moment == "read":
            self.cluster.find = found  # type: ignore[method-assign]
        else:
            self.cluster.fence(wake)


@pytest.fixture
def world() -> Iterator[ApiWorld]:
    with api_world() as world:
        for version in (OLD, NEW):
            world.server.put(DEPLOYMENTS, deployment(version, 2))
        scaler = deployment(OLD, 0) | {"spec": {"minReplicas": 1, "maxReplicas": 9}}
        world.server.put(SCALERS, scaler)
        yield world


@pytest.fixture
def bench(world: ApiWorld) -> Iterator[Bench]:
    bench = Bench(world)
    yield bench
    bench.heartbeat.close()


def frozen(objects: Objects) -> dict[str, Any]:
    with objects.lock:
        return {path: objects.read(path) for path in (CANARY, PRIMARY, SCALER, APEX)}


def replaced(bench: Bench, driver: Driver, act: str, moment: str, how: str) -> None:
    """Let `act` be interrupted by a takeover, and see that nothing is written afterwards."""
    path, write = ACTS[act]
    after: dict[str, Any] = {}

    def meanwhile() -> None:
        if how == "run":
            Driver(bench.world).begin("r2")
        else:
            record = replace(at(0), run="guard-r1", phase=Phase.FAILED)
            guard = bench.world.router()
            guard.route()
            guard.write(record)
            bench.server.edit(
                APEX, {"metadata": {"annotations": {"canary.rollout/run": "guard-r1"}}}
            )
        after.update(frozen(bench.server.objects))

    driver.asleep(moment, path, meanwhile)
    taker = "r2" if how == "run" else "guard-r1"
    with pytest.raises(ConflictError, match=f"run {taker} took over; nothing more is written"):
        write(driver)
    assert after, "it never slept"
    assert frozen(bench.server.objects) == after


@pytest.mark.parametrize("moment", ["read", "check"])
@pytest.mark.parametrize("act", ACTS)
def test_whoever_was_replaced_by_another_run_writes_nothing(
    bench: Bench, act: str, moment: str
) -> None:
    """The other run finds everything as it needs it, and so changes nothing but the names."""
    driver = Driver(bench.world)
    driver.begin("r1")
    if act == "hold":
        driver.scalers.release(OLD)
    replaced(bench, driver, act, moment, "run")


@pytest.mark.parametrize("act", ACTS)
def test_whoever_was_replaced_by_the_guard_writes_nothing(bench: Bench, act: str) -> None:
    driver = Driver(bench.world)
    driver.begin("r1")
    if act == "hold":
        driver.scalers.release(OLD)
    replaced(bench, driver, act, "read", "guard")


def test_a_baseline_is_neither_made_nor_deleted_for_a_run_that_was_replaced(bench: Bench) -> None:
    driver, other = Driver(bench.world), Driver(bench.world)
    driver.begin("r1")
    other.begin("r2")
    service = {"metadata": {"name": f"podinfo-{OLD}"}, "spec": {"ports": [{"port": 80}]}}
    bench.server.put("/api/v1/namespaces/test/services", service)
    bench.server.edit(PRIMARY, {"spec": {"template": {"spec": {}}}})
    with pytest.raises(ConflictError, match="run r2 took over"):
        driver.fleet.copy(OLD, 1, "r1")
    other.fleet.copy(OLD, 1, "r2")
    for run in ("r2", ""):
        with pytest.raises(ConflictError, match="run r2 took over"):
            driver.fleet.discard(run)
    assert bench.server.objects.read(f"{DEPLOYMENTS}/podinfo-{BASELINE}")


def test_a_run_puts_its_name_on_all_that_it_uses_and_once(bench: Bench) -> None:
    driver = Driver(bench.world)
    driver.begin("r1")
    bodies = frozen(bench.server.objects).values()
    assert {run_of(body) for body in bodies} == {"r1"}
    bench.server.calls.clear()
    driver.begin("r1")
    writes = [call for call in bench.server.calls if not call.startswith("GET ")]
    assert not [call for call in writes if "traefikservices" not in call]


def test_a_repair_of_what_is_at_rest_is_no_takeover(bench: Bench) -> None:
    """A record that is finished stays as it is while an autoscaler gets its own back."""
    driver = Driver(bench.world)
    driver.begin("r1")
    driver.router.write(replace(at(0), phase=Phase.FAILED))
    later = Driver(bench.world)
    later.router.route()
    later.scalers.release(OLD)
    assert bench.server.objects.read(SCALER)["spec"]["minReplicas"] == 1
    later.fleet.scale(NEW, 0)
    assert bench.server.objects.read(CANARY)["spec"]["replicas"] == 0


def test_who_looks_again_does_not_take_what_another_run_wrote_for_its_own(bench: Bench) -> None:
    driver = Driver(bench.world)
    driver.begin("r1")
    Driver(bench.world).begin("r2")
    route = driver.router.route()
    assert route is not None
    assert route.record.run == "r2"
    with pytest.raises(ConflictError, match="run r2 took over"):
        driver.fleet.scale(NEW, 0)


def test_a_route_that_comes_after_a_look_that_found_none_is_somebody_elses(world: ApiWorld) -> None:
    driver = Driver(world)
    assert driver.router.route() is None
    Driver(world).router.write(at(20))
    driver.router.route()
    with pytest.raises(ConflictError, match="run r1 took over"):
        driver.fleet.scale(NEW, 0)


def test_where_the_route_was_deleted_nobody_took_over(bench: Bench) -> None:
    driver = Driver(bench.world)
    driver.begin("r1")
    bench.server.objects.delete(LISTS.path(LISTS.plain), {})
    driver.fleet.scale(NEW, 3)
    assert bench.server.objects.read(CANARY)["spec"]["replicas"] == 3


def changing(
    bench: Bench, path: str, patch: Callable[[int], Any], times: int
) -> Callable[[], None]:
    """Somebody else writes the object before each of the driver's next writes."""
    left = list(range(times))

    def edit() -> None:
        if left:
            bench.server.edit(path, patch(left.pop()))

    return edit


@pytest.mark.parametrize("act", ["grow", "demand"])
def test_a_controller_that_writes_meanwhile_is_no_takeover(bench: Bench, act: str) -> None:
    driver = Driver(bench.world)
    driver.begin("r1")
    path, write = ACTS[act]
    status = partial(changing, bench, path, lambda number: {"status": {"seen": number}})
    driver.cluster.fence(status(4))
    write(driver)
    spec = bench.server.objects.read(path)["spec"]
    assert spec.get("minReplicas", spec.get("replicas")) == (5 if act == "grow" else 4)
    driver.cluster.fence(status(100))
    with pytest.raises(ClusterError, match="others keep on writing") as caught:
        driver.fleet.scale(NEW if act == "grow" else OLD, 7)
    assert caught.value.retryable


def test_what_changed_meanwhile_is_decided_anew(bench: Bench) -> None:
    """An autoscaler started the first pod by itself: it has more by now than a run would write."""
    driver = Driver(bench.world)
    driver.begin("r1")
    bench.server.edit(PRIMARY, {"spec": {"replicas": 0}})
    driver.fleet.scale(OLD, 3)
    assert bench.server.objects.read(PRIMARY)["spec"]["replicas"] == 1
    bench.server.edit(PRIMARY, {"spec": {"replicas": 0}})
    driver.cluster.fence(changing(bench, PRIMARY, lambda _: {"spec": {"replicas": 6}}, 1))
    driver.fleet.scale(OLD, 3)
    assert bench.server.objects.read(PRIMARY)["spec"]["replicas"] == 6
