"""An app that somebody else runs is taken over under 50 requests/s, and none of them fails.

docs/migrate.md says the same steps to people: its commands are the ones that are carried out here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.bench.peer import APP, Peer
from tests.e2e.answers import Answers
from tests.e2e.handbook import converted, documented, follow, put
from tests.e2e.probes import Probe
from tests.e2e.settings import BETTER, BUSY_MS, GOOD, MISSING
from tests.e2e.test_at_rest import fingerprints, settle_down
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

PLAIN = ("Service/podinfo", "IngressRoute/podinfo")
OLD, NEW = "6.9.2", "6.9.2-blue"
GONE_WITHIN_S = 120.0
FOUND = "found-percentage"

# The metric template of the peer's Traefik tutorial, about the counter of requests.
QUERY = """
sum(rate(traefik_service_requests_total{
  service=~"{{ namespace }}-{{ target }}-canary-[0-9a-zA-Z-]+@kubernetescrd", code!="404",
}[{{ interval }}]))
/
sum(rate(traefik_service_requests_total{
  service=~"{{ namespace }}-{{ target }}-canary-[0-9a-zA-Z-]+@kubernetescrd",
}[{{ interval }}])) * 100
"""

# The tutorial's analysis in two steps instead of ten; 10s is the least that the peer takes.
ANALYSIS: dict[str, Any] = {
    "interval": "10s",
    "threshold": 5,
    "stepWeight": 25,
    "maxWeight": 50,
    "metrics": [
        {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}},
        {"name": "request-duration", "interval": "1m", "thresholdRange": {"max": BUSY_MS}},
        {
            "name": "found",
            "templateRef": {"name": FOUND},
            "interval": "1m",
            "thresholdRange": {"min": 99},
        },
    ],
}


@pytest.fixture
def peer(world: World) -> Iterator[Peer]:
    """Flagger, for this test's namespace alone."""
    peer = Peer(world.platform, world.directory, world.namespace, ANALYSIS)
    yield peer
    peer.remove()


def settle(world: World, peer: Peer) -> None:
    """A Deployment and a Service, and an IngressRoute that leads to it; no peer."""
    metadata = {"name": APP, "namespace": world.namespace}
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    spec = {"selector": {"app": APP}, "ports": ports}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.namespace}}
    peer.apply(namespace, peer.deployment(GOOD), service, peer.route("Service"))
    rollout = ("rollout", "status", f"deployment/{APP}", "--timeout=120s")
    world.bed.kubectl("-n", world.namespace, *rollout)
    settle_down(world)


def routing(world: World) -> dict[str, str]:
    """A number for each object that leads requests somewhere; the peer stops pods meanwhile."""
    led = ("Service/", "TraefikService/", "IngressRoute/")
    return {name: at for name, at in fingerprints(world).items() if name.startswith(led)}


def adopting(*names: str) -> dict[str, Any]:
    return {"createNamespace": False, "adopt": list(names)}


def test_a_plain_app_is_taken_over_and_no_request_fails(world: World, peer: Peer) -> None:
    settle(world, peer)
    users = world.probe(methods=("GET", "POST"))
    with users, world.pod_probe() as callers:
        world.write(BETTER, adopting(*PLAIN))
        result = world.project.up()
        assert "podinfo: takes over Service podinfo, IngressRoute podinfo in" in result.text
        record = world.record()
        assert world.apex_version() == record.primary
        _await_served_by(NEW, users)
        _delete(world, "deployment", "podinfo")
        await_(lambda: not world.objects("pods", f"app={APP}"), "the old pods are gone", 60)

        world.write(GOOD, {"createNamespace": False})  # and from now on it is as any other
        world.project.up()
        assert world.versions() == {world.record().primary} != {record.primary}
    for answers in (users.answers(), callers.answers()):
        _nobody_complains(answers)


def test_an_app_under_the_peer_is_taken_over_and_no_request_fails(world: World, peer: Peer) -> None:
    peer.install(GOOD, peer.template(FOUND, QUERY))
    peer.patch({"spec": {"revertOnDeletion": True}})
    config, left = converted(world)
    (lost,) = left  # and so nothing else is for a person to fill in
    assert "Deployment" in lost
    assert "spec.minReadySeconds" in lost
    users = world.probe(methods=("GET", "POST"))
    with users, world.pod_probe() as callers:
        put(world, config, yaml.safe_load(documented("adopt:")))
        before = routing(world)
        refused = world.project.up(fails=True)
        assert "Canary podinfo is at work on it: set its spec.suspend to true" in refused.text
        assert "set its spec.revertOnDeletion to false" in refused.text
        assert routing(world) == before

        follow(world, "kubectl -n test patch canary podinfo")
        _take_over(world)
        _remove_the_peers(world)
        old = world.record().primary
        put(world, config, {"image": BETTER})  # without adopt: from now on it is as any other
        _release(world)
        assert world.versions() == {world.record().primary} != {old}
        _await_served_by(NEW, users)
    for answers in (users.answers(), callers.answers()):
        _nobody_complains(answers)
        assert answers.versions() == {OLD, NEW}


def _take_over(world: World) -> None:
    preview = world.project.preview()
    told = documented("podinfo: takes over").replace(
        "namespace test", f"namespace {world.namespace}"
    )
    assert told in preview.text
    world.project.up()
    primary = world.record().primary
    serving = {f"podinfo-{primary}": 100}
    assert world.members() == {"podinfo": serving, "podinfo-shielded": serving}
    assert world.apex_version() == primary
    assert len(world.pods(primary)) == 2  # as many as the peer's primary has
    said = follow(world, ".venv/bin/python -m canary status")
    assert f"{world.namespace}/podinfo: Succeeded, {GOOD} serves" in said


def _remove_the_peers(world: World) -> None:
    follow(world, "kubectl -n test delete canary podinfo")
    _await_gone(world, "deployment", "podinfo-primary")
    _await_gone(world, "service", "podinfo-canary")
    follow(world, "kubectl -n test delete deployment podinfo")


def _release(world: World) -> None:
    """A new image goes up the steps of the peer's Canary, judged by all of its metrics."""
    with world.weights() as weights:
        world.project.up()
    assert weights.steps() == [0, 25, 50, 100, 0]
    reports = [json.loads(path.read_text()) for path in world.project.reports.glob("*.json")]
    (report,) = [report for report in reports if report["to_image"] == BETTER]
    for step in report["steps"]:
        told = " ".join(step["verdicts"])
        for metric in ("request-success-rate", "request-duration", "found is 100"):
            assert metric in told, told


def test_without_being_asked_nothing_is_taken_over_nor_touched(world: World, peer: Peer) -> None:
    settle(world, peer)
    before = fingerprints(world)
    world.write(GOOD, {"createNamespace": False})
    for command in (world.project.preview, world.project.up):
        text = command(fails=True).text
        for name in PLAIN:
            kind = name.partition("/")[0]
            assert f"{kind} podinfo in namespace {world.namespace} exists and is not ours" in text
            assert f"or take it over: add {name} to canary:apps.podinfo.adopt" in text
    assert fingerprints(world) == before
    assert {body["type"] for body in world.project.export().values()} <= {"pulumi:pulumi:Stack"}


def test_a_first_version_that_never_gets_ready_leaves_the_old_one_serving(
    world: World, peer: Peer
) -> None:
    settle(world, peer)
    with world.probe() as users, world.pod_probe() as callers:
        changes = {**adopting(*PLAIN), "progressDeadlineSeconds": 8}
        world.write(MISSING, changes)
        (reason,) = world.project.up(fails=True).reasons
        assert reason.endswith("(what was to be taken over serves as before)")
        assert world.object("service", "podinfo")["spec"]["selector"] == {"app": "podinfo"}
        world.project.destroy()
        assert world.object("service", "podinfo")["spec"]["selector"] == {"app": "podinfo"}
    for answers in (users.answers(), callers.answers()):
        _nobody_complains(answers)
        assert answers.versions() == {OLD}


def _nobody_complains(answers: Answers) -> None:
    assert len(answers) > 100
    answers.assert_none_failed()


def _await_served_by(version: str, users: Probe) -> None:
    await_(lambda: _last_met(users) == version, f"answers of {version}", 60)


def _last_met(users: Probe) -> str:
    return [answer.who for answer in users.answers().all if answer.who][-1]


def _delete(world: World, kind: str, name: str) -> None:
    world.bed.kubectl("-n", world.namespace, "delete", kind, name)


def _await_gone(world: World, kind: str, name: str) -> None:
    get = ("-n", world.namespace, "get", kind, name, "--ignore-not-found", "-o", "json")

    def gone() -> bool:
        text = world.bed.kubectl(*get)
        return not text or "deletionTimestamp" in json.loads(text)["metadata"]

    await_(gone, f"{kind} {name} is gone", GONE_WITHIN_S)
