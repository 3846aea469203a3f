"""Type tokens: the built-in kinds, custom resources by discovery, and everything else."""

import pytest

from tests.bed.plugin.api import Api
from tests.bed.plugin.errors import ClusterError, KindError
from tests.bed.plugin.fake_api import FakeApi
from tests.bed.plugin.kinds import Kinds, identity, path_of

ROUTE = "kubernetes:traefik.io/v1alpha1:IngressRoute"
DEFINITION = {
    "spec": {
        "group": "traefik.io",
        "scope": "Namespaced",
        "names": {"kind": "IngressRoute", "plural": "ingressroutes"},
        "versions": [{"name": "v1alpha1"}],
    }
}


def kinds_of(server: FakeApi) -> Kinds:
    return Kinds(server.api)


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("kubernetes:core/v1:Service", "/api/v1/namespaces/a/services/b"),
        ("kubernetes:apps/v1:Deployment", "/apis/apps/v1/namespaces/a/deployments/b"),
        ("kubernetes:core/v1:Namespace", "/api/v1/namespaces/b"),
        (
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/b",
        ),
    ],
)
def test_the_path_of_a_built_in_kind_needs_no_question(token: str, path: str) -> None:
    kind = kinds_of(FakeApi()).named(token)
    resource_id = identity(kind, {"metadata": {"name": "b", "namespace": "a"}})
    assert path_of(kind, resource_id) == path


def test_a_custom_resource_is_discovered() -> None:
    server = FakeApi()
    rows = [
        {"name": "ingressroutes/status", "kind": "IngressRoute", "namespaced": True},
        {"name": "ingressroutes", "kind": "IngressRoute", "namespaced": True},
    ]
    server.listings["/apis/traefik.io/v1alpha1"] = {"resources": rows}
    kind = kinds_of(server).named(ROUTE)
    assert path_of(kind, "a/b") == "/apis/traefik.io/v1alpha1/namespaces/a/ingressroutes/b"


def test_a_definition_of_this_program_is_known_before_it_exists() -> None:
    kinds = kinds_of(FakeApi())
    kinds.declare(DEFINITION)
    assert kinds.named(ROUTE).plural == "ingressroutes"


def test_a_custom_resource_without_a_definition_says_so_when_it_is_written() -> None:
    kinds = kinds_of(FakeApi())
    assert kinds.checked(ROUTE).namespaced  # in a preview its definition may be yet to come
    with pytest.raises(KindError, match=r"defines IngressRoute \(traefik.io/v1alpha1\)"):
        kinds.named(ROUTE)


@pytest.mark.parametrize(
    "token",
    ["kubernetes:batch/v1:Job", "kubernetes:apps/v1:DeploymentPatch", "kubernetes:core/v1:PodList"],
)
def test_another_kind_is_refused_by_name(token: str) -> None:
    with pytest.raises(KindError, match=token.rpartition(":")[2]):
        kinds_of(FakeApi()).checked(token)


def test_a_cluster_that_is_not_known_yet_does_not_stop_the_check() -> None:
    def api() -> Api:
        raise ClusterError("not known before the update")

    assert Kinds(api).checked(ROUTE).namespaced
