"""What a look says about objects that somebody else made and that an app is to take over."""

from __future__ import annotations

from typing import Any

import pytest

from canary.errors import ClusterError
from canary.preflight import Doors, Findings, look
from tests.config.readers import (
    NAMED,
    TRAEFIK,
    AskedPrometheus,
    StoredCluster,
    installed,
    traefik_pod,
)
from tests.config.readers import serving as ours
from tests.config.samples import APP, loaded, problems, stack

ALL = ("Service/podinfo", "TraefikService/podinfo", "IngressRoute/podinfo")
SERVICE = "/api/v1/namespaces/test/services/podinfo"
ROUTE = f"{TRAEFIK}/namespaces/test/ingressroutes/podinfo"
CANARY = "/apis/flagger.app/v1beta1/namespaces/test/canaries/podinfo"
PEER = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "podinfo"}
AT = "canary:apps.podinfo.adopt:"
TAKES = (
    "podinfo: takes over Service podinfo, IngressRoute podinfo, TraefikService podinfo in "
    "namespace test: requests go where they went until the first version is ready; nobody else "
    "may write there from now on"
)


def foreign(kind: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {"name": "podinfo", "namespace": "test", **metadata},
        "spec": spec,
    }


def theirs(
    service: dict[str, Any] | None = None,
    route: dict[str, Any] | None = None,
    rule: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An app under the peer; changes of its Service's, its route's, and its rule's contents."""
    first = {"match": "Host(`app.example.com`)", "services": [{"name": "podinfo"}], **(rule or {})}
    canary = {"spec": {"suspend": True}}
    ports = {"ports": [{"port": 80, "targetPort": 9898}]}
    return {
        **installed(),
        "/api/v1/namespaces/test": {"metadata": {"name": "test"}},
        SERVICE: foreign("Service", {**ports, **(service or {})}, ownerReferences=[PEER]),
        ROUTE: foreign(
            "IngressRoute", {"entryPoints": ["web"], "routes": [first], **(route or {})}
        ),
        f"{NAMED}/podinfo": foreign("TraefikService", {}, ownerReferences=[PEER]),
        CANARY: canary,
    }


class Listing(StoredCluster):
    """Lists endpoint slices too."""

    def list_(
        self, path: str, *, label_selector: str = "", field_selector: str = ""
    ) -> list[dict[str, Any]]:
        if not path.endswith("/endpointslices"):
            return StoredCluster.list_(
                self, path, label_selector=label_selector, field_selector=field_selector
            )
        assert label_selector == "kubernetes.io/service-name=podinfo"
        return [{"ports": [{"name": "http", "port": 9898}, {"name": "grpc", "port": 9999}]}]


def seen(
    objects: dict[str, Any], adopt: tuple[str, ...] = ALL, app: dict[str, Any] | None = None
) -> Findings:
    target = {"service": {"port": 80, "targetPort": 9898}, "createNamespace": False}
    config = loaded({**target, "adopt": list(adopt), **(app or {})})
    cluster = Listing(objects=objects, pods=[traefik_pod()])
    return look(config, lambda: Doors(cluster=cluster, prometheus=AskedPrometheus()))


def test_what_is_named_is_taken_over_and_said() -> None:
    assert seen(theirs()) == Findings(adopted=(TAKES,), live={"podinfo": {}})


@pytest.mark.parametrize("left", ALL)
def test_what_is_not_named_stays_an_error_that_says_how(left: str) -> None:
    kind = left.partition("/")[0]
    found = seen(theirs(), tuple(entry for entry in ALL if entry != left))
    assert found == Findings(
        problems=(
            (
                f"{kind} podinfo in namespace test exists and is not ours: it has no "
                "canary.rollout/owner annotation; remove it or rename the app, or take it over: "
                f"add {left} to canary:apps.podinfo.adopt"
            ),
        )
    )


def test_what_another_stack_owns_is_never_taken_over() -> None:
    objects = theirs()
    objects[SERVICE]["metadata"]["annotations"] = {"canary.rollout/owner": "b" * 32}
    cluster = Listing(objects=objects, pods=[traefik_pod()])
    doors = Doors(cluster=cluster, prometheus=AskedPrometheus())
    config = loaded({"createNamespace": False, "adopt": list(ALL)})
    (problem,) = look(config, lambda: doors, owner="a" * 32).problems
    assert problem.endswith("it belongs to another stack; remove it or rename the app")


def test_what_the_app_could_not_have_made_is_not_offered() -> None:
    path = f"{NAMED}/podinfo-shielded"
    metadata = {"name": "podinfo-shielded", "namespace": "test"}
    body = {"kind": "TraefikService", "metadata": metadata}
    (problem,) = seen({**theirs(), path: body}).problems
    assert problem.endswith("annotation; remove it or rename the app")


def test_an_app_that_has_taken_over_is_told_to_forget_it() -> None:
    found = seen(ours())
    left = "podinfo: nothing is left to be taken over: remove canary:apps.podinfo.adopt"
    assert (found.problems, found.warnings, found.adopted) == ((), (left,), ())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"service": {"type": "LoadBalancer"}},
            (
                "Service podinfo is of type LoadBalancer, and this app's is of type ClusterIP: "
                "callers from outside would be cut off"
            ),
        ),
        (
            {"service": {"ports": [{"port": 9898}, {"port": 80, "protocol": "UDP"}]}},
            "Service podinfo has no port 80, which service.port says (it has: 9898)",
        ),
        (
            {"service": {"ports": [{"port": 80, "targetPort": 8080}]}},
            (
                "Service podinfo sends port 80 to port 8080 of its pods, not to 9898 as "
                "service.targetPort says: they would be asked where nobody listens"
            ),
        ),
        (
            {"service": {"ports": [{"port": 80}]}},
            (
                "Service podinfo sends port 80 to port 80 of its pods, not to 9898 as "
                "service.targetPort says: they would be asked where nobody listens"
            ),
        ),
        (
            {"service": {"ports": [{"name": "grpc", "port": 80, "targetPort": "grpc"}]}},
            (
                "Service podinfo sends port 80 to port 9999 of its pods, not to 9898 as "
                "service.targetPort says: they would be asked where nobody listens"
            ),
        ),
        (
            {"rule": {"match": "Host(`app.example.com`) || Host(`b.example.com`)"}},
            (
                "IngressRoute podinfo has the rule Host(`app.example.com`) || "
                "Host(`b.example.com`), and this app's is Host(`app.example.com`): change host "
                "and path, or move that rule to another IngressRoute"
            ),
        ),
        (
            {"rule": {"middlewares": [{"name": "auth"}]}},
            "IngressRoute podinfo has the middleware auth: add it to middlewares",
        ),
        (
            {"route": {"entryPoints": ["web", "websecure"]}},
            (
                "IngressRoute podinfo listens on websecure: name what is needed in both its "
                "and the app's entryPoints"
            ),
        ),
        (
            {"route": {"entryPoints": []}},
            (
                "IngressRoute podinfo listens on every entry point: name what is needed in both "
                "its and the app's entryPoints"
            ),
        ),
        (
            {"route": {"tls": {"secretName": "cert"}}},
            "IngressRoute podinfo has another tls than the app: see tls",
        ),
    ],
)
def test_what_somebody_relies_on_is_a_problem(changes: dict[str, Any], problem: str) -> None:
    assert seen(theirs(**changes)) == Findings(problems=(f"{AT} {problem}",))


@pytest.mark.parametrize(
    "changes",
    [
        {"service": {"ports": [{"name": "http", "port": 80, "targetPort": "http"}]}},
        {"rule": {"match": 'Host("app.example.com") && PathPrefix(`/`)'}},
    ],
)
def test_what_comes_to_the_same_is_none(changes: dict[str, Any]) -> None:
    assert seen(theirs(**changes)).adopted == (TAKES,)


def test_a_route_that_goes_with_somebody_else_is_a_problem() -> None:
    objects = theirs()
    objects[ROUTE]["metadata"]["ownerReferences"] = [{"kind": "Shop", "name": "a"}]
    text = f"{AT} IngressRoute podinfo is deleted together with Shop a: remove its ownerReferences"
    assert seen(objects).problems == (text,)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({}, "Canary podinfo is at work on it: set its spec.suspend to true"),
        (
            {"suspend": True, "revertOnDeletion": True},
            (
                "Canary podinfo would take it back when it is deleted: set its "
                "spec.revertOnDeletion to false"
            ),
        ),
    ],
)
def test_the_peer_must_let_go(spec: dict[str, Any], problem: str) -> None:
    assert seen({**theirs(), CANARY: {"spec": spec}}).problems == (f"{AT} {problem}",)


def test_a_peer_that_is_gone_holds_nothing() -> None:
    objects = theirs()
    del objects[CANARY]
    assert seen(objects).adopted == (TAKES,)


def test_a_peer_that_cannot_be_asked_is_a_problem() -> None:
    refused = {CANARY: ClusterError("not permitted", status=403)}
    cluster = Listing(objects=theirs(), pods=[traefik_pod()], refusals=refused)
    doors = Doors(cluster=cluster, prometheus=AskedPrometheus())
    service = {"port": 80, "targetPort": 9898}
    config = loaded({"createNamespace": False, "service": service, "adopt": list(ALL)})
    assert look(config, lambda: doors).problems == ("not permitted",)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("Deployment/podinfo", "“Deployment/podinfo” is none of Service/<name>, TraefikService/"),
        ("podinfo", "“podinfo” is none of Service/<name>, TraefikService/<name>, IngressRoute/"),
        ("Service/", "“Service/” is none of"),
        ("Service/other", "is Service/other, but the app makes Service/podinfo: only that can be"),
    ],
)
def test_what_cannot_be_named(entry: str, problem: str) -> None:
    (text,) = problems(stack({"adopt": [entry], "createNamespace": False}))
    assert text.startswith(f"canary:apps.podinfo.adopt[0]: {problem}")


def test_a_namespace_with_something_in_it_is_not_created() -> None:
    (text,) = problems(stack({"adopt": ["Service/podinfo"]}))
    assert text == (
        "canary:apps.podinfo.adopt: what is taken over has a namespace: set createNamespace to "
        "false"
    )
    assert APP["namespace"] == "test"
