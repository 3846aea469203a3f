"""What a look finds about Traefik, Prometheus and namespaces, ours and others'."""

from __future__ import annotations

import pytest

from canary.config import StackConfig, load
from canary.preflight import Doors, Findings, look
from tests.config.readers import AskedPrometheus, StoredCluster, installed, serving, traefik_pod
from tests.config.samples import APP, FOREIGN_PROMETHEUS, loaded


def _look(
    cluster: StoredCluster, config: StackConfig, prometheus: AskedPrometheus | None = None
) -> Findings:
    doors = Doors(cluster=cluster, prometheus=prometheus or AskedPrometheus())
    return look(config, lambda: doors)


@pytest.mark.parametrize(
    ("args", "image", "warnings"),
    [
        (("--providers.kubernetescrd.allowEmptyServices=true",), "v3.7.13", []),
        (("--providers.kubernetescrd.allowemptyservices",), "v3.8", []),
        (("--providers.kubernetescrd.allowEmptyServices=false",), "v3.7", ["Traefik does not"]),
        ((), "v3.6.2", ["Traefik does not", "Traefik v3.6 has no shield (3.7 has)"]),
        ((), "latest", ["Traefik does not"]),
    ],
)
def test_a_traefik_that_is_not_ours(args: tuple[str, ...], image: str, warnings: list[str]) -> None:
    cluster = StoredCluster(objects=serving(), pods=[traefik_pod(args=args, image=image)])
    found = _look(cluster, loaded(traefik={"install": False}))
    assert found.problems == ()
    assert [any(t.startswith(w) for t in found.warnings) for w in warnings] == [True] * len(
        warnings
    )
    assert len(found.warnings) == len(warnings)


@pytest.mark.parametrize(("install", "kind"), [(True, "warnings"), (False, "problems")])
def test_a_traefik_without_a_ready_pod_stops_us_only_if_this_up_cannot_repair_it(
    install: bool,  # noqa: FBT001
    kind: str,
) -> None:
    cluster = StoredCluster(objects=serving(), pods=[traefik_pod(ready=False)])
    found = _look(cluster, loaded(traefik={"install": install}))
    assert getattr(found, kind) == ("Traefik in namespace traefik has no ready pod",)


@pytest.mark.parametrize(
    ("prometheus", "text"),
    [
        (AskedPrometheus(away=True), "has no ready pod"),
        (AskedPrometheus(status=502), "does not answer queries (502)"),
        (AskedPrometheus(result=()), "has no metrics of Traefik"),
    ],
)
@pytest.mark.parametrize("install", [True, False])
def test_a_prometheus_that_is_no_help(
    prometheus: AskedPrometheus,
    text: str,
    install: bool,  # noqa: FBT001
) -> None:
    config = loaded() if install else loaded(prometheus=FOREIGN_PROMETHEUS)
    found = _look(StoredCluster(objects=serving(), pods=[traefik_pod()]), config, prometheus)
    texts = found.warnings if install else found.problems
    assert len(texts) == 1
    assert text in texts[0]
    assert (found.problems if install else found.warnings) == ()


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, ": does it want "), (403, ": does it want "), (404, ": is "), (500, "")],
)
def test_a_prometheus_that_is_asked_directly_and_refuses(status: int, remedy: str) -> None:
    access = {"via": "direct", "url": "https://metrics.test"}
    config = loaded(prometheus={**FOREIGN_PROMETHEUS, "access": access})
    cluster = StoredCluster(objects=serving(), pods=[traefik_pod()])
    (problem,) = _look(cluster, config, AskedPrometheus(status=status)).problems
    _, _, said = problem.partition(f"({status})")
    assert said.startswith(remedy)
    assert ("canary:prometheus.access" in said) == bool(remedy)


def test_the_api_server_is_not_told_what_prometheus_wants() -> None:
    cluster = StoredCluster(objects=serving(), pods=[traefik_pod()])
    config = loaded(prometheus=FOREIGN_PROMETHEUS)
    (problem,) = _look(cluster, config, AskedPrometheus(status=403)).problems
    assert problem.endswith("does not answer queries (403)")


def test_a_namespace_that_exists_is_not_taken_over() -> None:
    foreign = {"metadata": {"name": "test"}}
    objects = {**serving(), "/api/v1/namespaces/test": foreign}
    cluster = StoredCluster(objects=objects, pods=[traefik_pod()])
    problems = _look(cluster, loaded()).problems
    assert len(problems) == 1
    assert "set createNamespace to false" in problems[0]
    assert _look(cluster, loaded({"createNamespace": False})).problems == ()


def test_the_built_in_namespaces_are_nobodys() -> None:
    config = load({"apps": {"podinfo": {**APP, "namespace": "default"}}})
    assert (
        _look(
            StoredCluster(
                pods=[traefik_pod()], objects={**installed(), "/api/v1/namespaces/default": {}}
            ),
            config,
        ).problems
        == ()
    )
