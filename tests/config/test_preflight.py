"""What a look at the cluster finds: problems, warnings, and what serves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from canary.config import StackConfig, load
from canary.core.record import Phase, Record
from canary.errors import ClusterError, PreflightError
from canary.preflight import Doors, Findings, look
from tests.config.readers import (
    NAMED,
    OWNER,
    VERSION,
    AskedPrometheus,
    StoredCluster,
    installed,
    named,
    serving,
    traefik_pod,
    weighted,
)
from tests.config.samples import APP, FOREIGN_PROMETHEUS, loaded, stack
from tests.fakes.clock import FakeClock

NEXT = "9876543210"
RUNNING = Record(
    owner=OWNER,
    run="r1",
    phase=Phase.PROGRESSING,
    primary=VERSION,
    canary=NEXT,
    weight_percent=10,
)


def _look(
    cluster: StoredCluster,
    config: StackConfig | None = None,
    prometheus: AskedPrometheus | None = None,
    owner: str = "",
    clock: FakeClock | None = None,
) -> Findings:
    doors = Doors(cluster=cluster, prometheus=prometheus or AskedPrometheus())
    return look(config or loaded(), lambda: doors, owner=owner, clock=clock)


def _cluster(objects: dict[str, Any] | None = None, **others: Any) -> StoredCluster:
    stored = serving() if objects is None else objects
    return StoredCluster(**{"objects": stored, "pods": [traefik_pod()], **others})


AT_REST = {
    "primary": VERSION,
    "canary": "",
    "phase": "Succeeded",
    "weight": 0,
    "run": "",
    "apex": VERSION,
    "held": "",
    "damage": "",
    "former": {},
    "gone": "",
}


def test_a_healthy_stack_is_only_read() -> None:
    assert _look(_cluster(), owner=OWNER) == Findings(live={"podinfo": AT_REST})


def test_nothing_is_missed_in_a_new_cluster() -> None:
    found = _look(StoredCluster(objects={"/version": {}}), prometheus=AskedPrometheus(away=True))
    assert found == Findings(live={"podinfo": {}})
    found.demand_none()


def test_an_app_that_was_never_deployed_has_no_live_record() -> None:
    assert _look(_cluster(installed())) == Findings(live={"podinfo": {}})


@pytest.mark.parametrize(
    "text",
    [
        "context `prod` does not exist in the kubeconfig; it has: dev, staging",
        "the API server at https://10.0.0.1 refused the connection; is the context `dev` right?",
        "token expired or refused (401) for context `dev` at https://10.0.0.1; log in again",
    ],
)
def test_without_a_cluster_there_is_one_problem(text: str) -> None:
    def refused() -> Doors:
        raise ClusterError(text)

    found = look(loaded(), refused)
    assert found == Findings(problems=(text,))
    with pytest.raises(PreflightError) as caught:
        found.demand_none()
    assert str(caught.value) == text


def test_an_api_server_that_refuses_the_first_question_is_asked_nothing_else() -> None:
    refusal = ClusterError("not permitted", status=403)
    found = _look(_cluster(refusals={"/version": refusal}))
    assert found == Findings(problems=("not permitted",))


def _apps(count: int) -> StackConfig:
    apps = {f"app-{n}": {**APP, "host": f"app-{n}.example.com"} for n in range(count)}
    return load({**stack(), "apps": apps})


def _several(cluster: StoredCluster, count: int) -> StackConfig:
    """So many apps that are all deployed."""
    first = {path: body for path, body in cluster.objects.items() if "podinfo" in path}
    for number in range(count):
        copied = json.dumps(first).replace("podinfo", f"app-{number}")
        cluster.objects |= json.loads(copied)
    return _apps(count)


def _questions(apps: int) -> int:
    cluster = _cluster(serving())
    config = _several(cluster, apps)
    found = _look(cluster, config)
    assert found.problems == found.warnings == ()
    assert len(found.live) == apps
    assert len(cluster.asked) == len(set(cluster.asked))
    return len(cluster.asked)


def test_a_further_app_costs_one_question_once_a_few_share_a_namespace() -> None:
    asked = {apps: _questions(apps) for apps in (1, 2, 4, 5, 15)}
    assert asked[2] - asked[1] == 6
    assert asked[4] - asked[2] == 12
    assert asked[5] < asked[4]
    assert asked[15] - asked[5] == 10


@pytest.mark.parametrize("kind", [NAMED, "/api/v1/namespaces/test/services"])
def test_what_may_be_read_and_not_listed_is_read(kind: str) -> None:
    refusal = ClusterError("not permitted", status=403)
    cluster = _cluster(serving(), refusals={kind: refusal})
    config = _several(cluster, 6)
    found = _look(cluster, config)
    assert found.problems == found.warnings == ()
    assert {live["primary"] for live in found.live.values()} == {VERSION}
    assert cluster.asked.count(kind) == 1


def test_lists_that_cannot_be_had_are_one_problem_for_all_apps() -> None:
    cluster = _cluster(refusals={NAMED: ClusterError("it has no time", status=503)})
    assert _look(cluster, _apps(3)) == Findings(problems=("it has no time",))
    assert cluster.asked.count(NAMED) == 1


def test_a_bug_is_not_reported_as_a_problem() -> None:
    def broken() -> Doors:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look(loaded(), broken)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/namespaces/test/services/podinfo", "Service"),
        ("/api/v1/namespaces/test/configmaps/podinfo-rollouts", "ConfigMap"),
        ("/apis/traefik.io/v1alpha1/namespaces/test/ingressroutes/podinfo", "IngressRoute"),
        (f"{NAMED}/podinfo", "TraefikService"),
        (f"{NAMED}/podinfo-shielded", "TraefikService"),
        (f"{NAMED}/podinfo-failover", "TraefikService"),
    ],
)
def test_an_object_of_that_name_that_is_not_ours(path: str, kind: str) -> None:
    name = path.rsplit("/", 1)[-1]
    foreign = {"kind": kind, "metadata": {"name": name, "namespace": "test"}}
    found = _look(_cluster({**serving(), path: foreign}))
    (problem,) = found.problems
    assert problem.startswith(
        f"{kind} {name} in namespace test exists and is not ours: it has no "
        "canary.rollout/owner annotation; remove it or rename the app"
    )
    assert found.live == {}


def test_an_object_of_another_stack() -> None:
    found = _look(_cluster(), owner="b" * 32)
    assert len(found.problems) == 3
    assert all("it belongs to another stack" in text for text in found.problems)


def test_what_a_run_left_without_the_annotation_is_ours_by_its_label() -> None:
    path = "/api/v1/namespaces/test/configmaps/podinfo-rollouts"
    history = named("ConfigMap", "podinfo-rollouts")
    del history["metadata"]["annotations"]
    assert _look(_cluster({**serving(), path: history})).problems == ()


def test_all_problems_come_at_once() -> None:
    foreign = {"kind": "Service", "metadata": {"name": "podinfo", "namespace": "test"}}
    objects = {
        "/version": {},
        "/api/v1/namespaces/test/services/podinfo": foreign,
    }
    config = load(
        stack(
            {"createNamespace": False},
            traefik={"install": False},
            prometheus=FOREIGN_PROMETHEUS,
        )
    )
    found = _look(StoredCluster(objects=objects), config, AskedPrometheus(away=True))
    assert sorted(text.split(":")[0] for text in found.problems) == [
        "Prometheus (service canary-system/prometheus) has no ready pod",
        "Service podinfo in namespace test exists and is not ours",
        "Traefik's CRDs are not installed",
        "no Traefik in namespace traefik with labels app.kubernetes.io/name=traefik",
        "podinfo",
    ]


@pytest.mark.parametrize(
    ("record", "apex", "damage"),
    [
        (RUNNING, VERSION, "run r1 ended in Progressing at 10 %"),
        (Record(owner=OWNER, primary=VERSION), NEXT, "the apex Service named another version"),
    ],
)
def test_what_serves_is_told_with_its_damage(record: Record, apex: str, damage: str) -> None:
    live = _look(_cluster(serving(record, apex=apex))).live["podinfo"]
    assert (live["primary"], live["apex"], live["damage"]) == (VERSION, apex, damage)


def test_weights_that_somebody_changed_are_damage() -> None:
    record = Record(owner=OWNER, primary=VERSION)
    objects = {**serving(), f"{NAMED}/podinfo": weighted(record, **{f"_{VERSION}": 50, NEXT: 50})}
    assert _look(_cluster(objects)).live["podinfo"]["damage"] == "the weights were changed"


def test_a_shielded_list_is_read_through_its_failover() -> None:
    services = [
        {"kind": "Service", "name": f"podinfo-{VERSION}", "weight": 90},
        {"kind": "TraefikService", "name": "podinfo-failover", "weight": 10},
    ]
    failover = {"failover": {"service": {"name": f"podinfo-{NEXT}"}}}
    objects = {
        **serving(RUNNING),
        f"{NAMED}/podinfo-shielded": named(
            "TraefikService", "podinfo-shielded", spec={"weighted": {"services": services}}
        ),
        f"{NAMED}/podinfo-failover": named("TraefikService", "podinfo-failover", spec=failover),
    }
    assert _look(_cluster(objects)).live["podinfo"]["weight"] == 10


def test_a_record_that_cannot_be_read_is_a_problem() -> None:
    plain = weighted(Record(owner=OWNER, primary=VERSION))
    plain["metadata"]["annotations"]["canary.rollout/record"] = "{"
    found = _look(_cluster({**serving(), f"{NAMED}/podinfo": plain}))
    assert len(found.problems) == 1
    assert "has no readable record (last written by somebody)" in found.problems[0]


def test_a_dead_primary_is_announced() -> None:
    objects = serving()
    objects[f"/apis/apps/v1/namespaces/test/deployments/podinfo-{VERSION}"]["status"] = {}
    assert _look(_cluster(objects)).warnings == (
        (
            f"podinfo: the primary podinfo-{VERSION} has no ready pod: a new version would take "
            "all traffic as soon as it is ready, without an analysis"
        ),
    )


def test_an_app_between_its_first_route_and_its_first_version_has_no_primary_to_miss() -> None:
    record = replace(RUNNING, primary="", weight_percent=0)
    assert _look(_cluster(serving(record))).warnings == ()
