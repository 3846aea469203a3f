"""What an app declares: immutable versions, one route, and the Rollout between them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from canary.components.app_specs import matching, route_spec
from canary.render import render_version
from tests.components import recorder
from tests.components.apps import PODINFO, app_of
from tests.components.recorder import Declarations

VERSION = render_version(app_of()).version
NAME = f"podinfo-{VERSION}"


def stack(**changes: Any) -> Declarations:
    return recorder.stack({"apps": {"podinfo": {**PODINFO, **changes}}})


def test_pulumi_never_says_how_many_pods_a_version_has() -> None:
    found = stack(autoscaler={"maxReplicas": 5})
    assert "replicas" not in found.one("Deployment", NAME).inputs["spec"]
    autoscaler = found.one("HorizontalPodAutoscaler").inputs["spec"]
    assert "minReplicas" not in autoscaler
    assert autoscaler["maxReplicas"] == 5
    assert autoscaler["scaleTargetRef"]["name"] == NAME


def test_a_version_has_two_services_of_the_same_pods() -> None:
    found = stack()
    pods = found.one("Deployment", NAME).inputs["spec"]["template"]["metadata"]["labels"]
    for name in (NAME, f"{NAME}-fallback"):
        spec = found.one("Service", name).inputs["spec"]
        assert spec["selector"].items() <= pods.items()
        assert spec["selector"]["app.kubernetes.io/version"] == VERSION


def test_the_apex_has_no_selector_of_ours() -> None:
    spec = stack().one("Service", "podinfo").inputs["spec"]
    assert "selector" not in spec
    assert [(port["port"], port["targetPort"]) for port in spec["ports"]] == [(80, 9898)]


def test_nothing_of_an_app_is_awaited_by_the_plugin() -> None:
    for item in stack(autoscaler={"maxReplicas": 3}, podDisruptionBudget={}):
        metadata = item.inputs.get("metadata", {})
        if metadata.get("labels", {}).get("app.kubernetes.io/name") == "podinfo":
            assert metadata["annotations"]["pulumi.com/skipAwait"] == "true", item.name


def test_what_a_run_may_write_carries_the_stacks_id() -> None:
    found = stack(autoscaler={"maxReplicas": 3})
    for kind, name in (("Deployment", NAME), ("Service", "podinfo"), ("IngressRoute", "podinfo")):
        annotations = found.one(kind, name).inputs["metadata"]["annotations"]
        assert annotations["canary.rollout/owner"] == "0" * 32


def test_what_is_taken_over_is_taken_by_force_and_stays_with_the_cluster() -> None:
    found = stack(createNamespace=False, adopt=["Service/podinfo"])
    apex, route = found.one("Service", "podinfo"), found.one("IngressRoute", "podinfo")
    assert apex.inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"
    assert "pulumi.com/patchForce" not in route.inputs["metadata"]["annotations"]
    assert [item.retained for item in (apex, route)] == [True, False]
    version = found.one("Service", NAME)
    assert "pulumi.com/patchForce" not in version.inputs["metadata"]["annotations"]


def test_taking_over_is_no_part_of_a_version() -> None:
    settings = {"createNamespace": False}
    versions = {
        render_version(app_of(**settings, adopt=adopt)).version
        for adopt in ([], ["Service/podinfo", "IngressRoute/podinfo"])
    }
    assert versions == {VERSION}


def test_the_rollout_comes_after_all_it_needs_and_before_the_route() -> None:
    files = {"/etc/podinfo/a.yaml": "a: 1"}
    name = f"podinfo-{render_version(app_of(configFiles=files)).version}"
    found = stack(autoscaler={"maxReplicas": 3}, podDisruptionBudget={}, configFiles=files)
    rollout = found.one("Rollout")
    needed = [
        found.one("Deployment", name),
        found.one("Service", name),
        found.one("Service", f"{name}-fallback"),
        found.one("Service", "podinfo"),
        found.one("ConfigMap", f"{name}-files"),
        found.one("HorizontalPodAutoscaler"),
        found.one("Retirement"),
        found.one("Deployment", "traefik"),
        found.one("Deployment", "prometheus"),
        found.one("Deployment", "flagger-loadtester"),
        *found.all("CustomResourceDefinition"),
    ]
    assert {item.urn for item in needed} <= found.before(rollout)
    assert rollout.urn in found.one("IngressRoute", "podinfo").depends_on


def test_a_version_retires_before_anything_of_it_goes() -> None:
    files = {"/etc/podinfo/a.yaml": "a: 1"}
    found = stack(autoscaler={"maxReplicas": 3}, podDisruptionBudget={}, configFiles=files)
    version = found.one("Version").urn
    parts = {item.urn for item in found if item.parent == version}
    retirement = found.one("Retirement")
    assert len(parts) == 7
    assert found.before(retirement) >= parts - {retirement.urn}


def test_the_rollouts_row_shows_what_changes() -> None:
    inputs = stack().one("Rollout").inputs
    assert inputs["image"] == PODINFO["image"]
    assert inputs["version"] == VERSION
    assert inputs["podTemplate"] == render_version(app_of()).pod_template
    assert inputs["stack"] == "test"


def test_what_serves_is_told_to_the_rollout_alone() -> None:
    live = {"podinfo": {"primary": "0123456789", "damage": ""}}
    for item in recorder.stack({"apps": {"podinfo": PODINFO}}, live):
        assert item.inputs.get("live") == (live["podinfo"] if item.kind == "Rollout" else None)


def test_another_image_is_another_set_of_objects() -> None:
    before = {item.urn for item in stack()}
    after = {item.urn for item in stack(image="ghcr.io/stefanprodan/podinfo:6.9.3")}
    kinds = {urn.split("::")[2].rpartition(":")[2] for urn in after - before}
    assert kinds == {"Version", "Deployment", "Service", "Retirement"}


def test_another_analysis_is_the_same_set_of_objects() -> None:
    assert {item.urn for item in stack()} == {item.urn for item in stack(analysis={"threshold": 9})}


def test_files_are_mounted_from_a_map_that_the_version_names() -> None:
    found = stack(configFiles={"/etc/podinfo/a.yaml": "a: 1"})
    template = render_version(app_of(configFiles={"/etc/podinfo/a.yaml": "a: 1"}))
    (name,) = template.config_maps
    assert found.one("ConfigMap", name).inputs["data"] == {"etc.podinfo.a.yaml": "a: 1"}


def test_one_app_may_live_in_two_namespaces() -> None:
    twin = {**PODINFO, "name": "podinfo", "namespace": "twin", "host": "twin.example.com"}
    files = {"configFiles": {"/etc/podinfo/a.yaml": "a: 1"}}
    apps = {"podinfo": {**PODINFO, **files}, "twin": {**twin, **files}}
    urns = [item.urn for item in recorder.stack({"apps": apps})]
    assert len(urns) == len(set(urns))


def test_safe_and_other_requests_exclude_each_other_at_one_priority() -> None:
    shielded, plain = route_spec(app_of(path="/api"))["routes"]
    rule = "Host(`app.example.com`) && PathPrefix(`/api`)"
    safe = "Method(`GET`) || Method(`HEAD`) || Method(`OPTIONS`)"
    assert shielded["match"] == f"({rule}) && ({safe})"
    assert shielded["services"] == [{"kind": "TraefikService", "name": "podinfo-shielded"}]
    assert plain["match"] == f"({rule}) && !({safe})"
    assert plain["services"] == [{"kind": "TraefikService", "name": "podinfo"}]
    assert shielded["priority"] == plain["priority"] == len(rule)


def test_every_path_is_no_condition() -> None:
    assert matching(app_of(path="/")) == matching(app_of()) == "Host(`app.example.com`)"


def test_without_the_shield_there_is_one_rule() -> None:
    (route,) = route_spec(app_of(shield={"enabled": False}))["routes"]
    assert route["services"] == [{"kind": "TraefikService", "name": "podinfo"}]


def test_with_affinity_all_methods_share_one_list() -> None:
    analysis = {"sessionAffinity": {"cookieName": "stay"}}
    for safe, name in ((False, "podinfo"), (True, "podinfo-shielded")):
        (route,) = route_spec(app_of(analysis=analysis, safeToRepeat=safe))["routes"]
        assert route["match"] == "Host(`app.example.com`)"
        assert route["services"] == [{"kind": "TraefikService", "name": name}]


@given(longer=st.text("abc/", min_size=1, max_size=8))
def test_a_longer_path_on_the_same_host_keeps_its_requests(longer: str) -> None:
    ours = route_spec(app_of(path="/a"))["routes"]
    theirs = matching(app_of(path=f"/a{longer}"))
    assert all(route["priority"] < len(theirs) for route in ours)


def test_tls_middlewares_and_entry_points_reach_the_route() -> None:
    spec = route_spec(
        app_of(
            entryPoints=["websecure"],
            tls={"secretName": "cert", "options": "modern"},
            middlewares=[{"name": "auth"}, {"name": "limit", "namespace": "shared"}],
        )
    )
    assert spec["entryPoints"] == ["websecure"]
    assert spec["tls"] == {"secretName": "cert", "options": {"name": "modern"}}
    assert spec["routes"][0]["middlewares"] == [
        {"name": "auth"},
        {"name": "limit", "namespace": "shared"},
    ]


def test_tls_without_any_setting_is_still_tls() -> None:
    assert route_spec(app_of(entryPoints=["websecure"], tls={}))["tls"] == {}
    assert "tls" not in route_spec(app_of())


def test_a_budget_covers_one_version_and_one_pod_unless_configured() -> None:
    spec = stack(podDisruptionBudget={}).one("PodDisruptionBudget", NAME).inputs["spec"]
    assert spec["maxUnavailable"] == 1
    assert spec["selector"]["matchLabels"]["app.kubernetes.io/version"] == VERSION
    other = stack(podDisruptionBudget={"minAvailable": "50%"})
    spec = other.one("PodDisruptionBudget", NAME).inputs["spec"]
    assert spec["minAvailable"] == "50%"
    assert "maxUnavailable" not in spec


def test_autoscaling_targets_are_what_is_configured() -> None:
    spec = {"maxReplicas": 4, "targetMemoryUtilizationPercentage": 70}
    metrics = stack(autoscaler=spec).one("HorizontalPodAutoscaler").inputs["spec"]["metrics"]
    assert [metric["resource"]["name"] for metric in metrics] == ["memory"]
    (metric,) = (
        stack(autoscaler={"maxReplicas": 4})
        .one("HorizontalPodAutoscaler")
        .inputs["spec"]["metrics"]
    )
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}
