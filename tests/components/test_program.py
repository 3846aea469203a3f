"""What the program declares: shape, hardening, order, and what is left out on purpose."""

from __future__ import annotations

import json
from typing import Any

from canary import program
from canary.config import load
from canary.render import render_version
from tests.components import recorder
from tests.components.apps import PODINFO, app_of
from tests.components.recorder import Declarations

APPS = {"podinfo": PODINFO}
EXISTING = {
    "traefik": {"install": False},
    "prometheus": {
        "install": False,
        "access": {"via": "direct", "url": "http://prometheus.example.com"},
    },
    "loadtester": {"install": False},
}


def stack(**settings: Any) -> Declarations:
    return recorder.stack(settings)


def test_a_whole_stack_is_declared() -> None:
    kinds = {item.kind for item in stack(apps=APPS)}
    assert kinds >= {"Namespace", "CustomResourceDefinition", "IngressRoute", "Rollout"}
    assert kinds >= {"Retirement", "Identity", "NetworkPolicy", "PodDisruptionBudget"}


def test_every_pod_is_hardened() -> None:
    pods = stack(apps=APPS).pods()
    assert len(pods) == 5
    for name, template in pods.items():
        pod = template["spec"]["securityContext"]
        assert pod["runAsNonRoot"] is True, name
        assert pod["runAsUser"] > 0, name
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, name
        for container in template["spec"]["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert "readinessProbe" in container, name


def test_every_installed_pod_asks_for_resources_and_pins_its_image() -> None:
    for name, template in stack().pods().items():
        (container,) = template["spec"]["containers"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
        tag = container["image"].rpartition(":")[2]
        assert tag[-1].isdigit(), name
        assert "livenessProbe" in container, name


def test_every_object_says_what_it_belongs_to() -> None:
    for item in stack(apps=APPS):
        if "metadata" in item.inputs:
            labels = item.inputs["metadata"]["labels"]
            assert labels["app.kubernetes.io/managed-by"] == "canary", item.name


def test_every_object_goes_to_the_configured_cluster() -> None:
    found = stack(kubernetes={"context": "kind-demo"}, apps=APPS)
    cluster = found.one("kubernetes")
    assert cluster.inputs["context"] == "kind-demo"
    assert "kubeconfig" not in cluster.inputs
    for item in found:
        if item.type.startswith("kubernetes:"):
            assert item.provider.startswith(cluster.urn), item.name


def test_a_secret_kubeconfig_reaches_the_provider_alone() -> None:
    for item in stack(kubeconfig="THE-CONTENTS", apps=APPS):
        assert ("THE-CONTENTS" in json.dumps(item.inputs)) == (item.kind == "kubernetes")


def test_what_exists_is_not_installed_again() -> None:
    found = stack(**EXISTING)
    kubernetes = {item.kind for item in found if item.type.startswith("kubernetes:")}
    assert not kubernetes


def test_namespaces_are_declared_once_and_only_where_they_are_ours() -> None:
    other = {**PODINFO, "host": "other.example.com", "namespace": "default"}
    kept = {**PODINFO, "host": "kept.example.com", "namespace": "team", "createNamespace": False}
    found = stack(apps={"podinfo": PODINFO, "other": other, "kept": kept})
    names = [item.inputs["metadata"]["name"] for item in found.all("Namespace")]
    assert sorted(names) == ["canary-system", "demo", "traefik"]


def test_no_service_leads_to_traefiks_api_or_metrics_from_outside() -> None:
    public = stack(traefik={"serviceType": "LoadBalancer"}).one("Service", "traefik")
    assert {port["targetPort"] for port in public.inputs["spec"]["ports"]} == {"web", "websecure"}


def test_only_the_ingress_is_reachable_from_outside() -> None:
    types = {
        item.inputs["metadata"]["name"]: item.inputs["spec"].get("type", "ClusterIP")
        for item in stack(apps=APPS).all("Service")
    }
    assert types.pop("traefik") == "LoadBalancer"
    assert set(types.values()) == {"ClusterIP"}


def test_node_ports_are_fixed_where_configured() -> None:
    settings = {"serviceType": "NodePort", "nodePorts": {"web": 30080}}
    ports = stack(traefik=settings).one("Service", "traefik").inputs["spec"]["ports"]
    assert [port.get("nodePort") for port in ports] == [30080, None]


def test_clients_keep_their_addresses_where_configured() -> None:
    found = stack(traefik={"externalTrafficPolicy": "Local"}).one("Service", "traefik")
    assert found.inputs["spec"]["externalTrafficPolicy"] == "Local"
    assert "externalTrafficPolicy" not in stack().one("Service", "traefik").inputs["spec"]


def test_traefik_survives_empty_services_and_hides_its_api() -> None:
    template = stack().pods()["traefik"]
    (container,) = template["spec"]["containers"]
    flags = container["args"]
    assert "--providers.kubernetescrd.allowemptyservices=true" in flags
    assert "--api.dashboard=false" in flags
    assert "--entrypoints.traefik.address=:8080" in flags
    (buckets,) = [flag for flag in flags if "buckets" in flag]
    assert buckets.startswith("--metrics.prometheus.buckets=0.005,0.01,0.025,")
    assert buckets.endswith(",5,10")


def test_traefik_reads_and_never_writes() -> None:
    rules = stack().one("ClusterRole").inputs["rules"]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}
    resources = {resource for rule in rules for resource in rule["resources"]}
    assert not resources & {"*", "nodes", "pods"}


def test_cluster_scoped_names_carry_the_stack() -> None:
    found = stack()
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        assert found.one(kind).inputs["metadata"]["name"].endswith("-test")


def test_traefik_is_replaced_without_ever_having_fewer_replicas() -> None:
    spec = stack(traefik={"replicas": 3}).one("Deployment", "traefik").inputs["spec"]
    assert spec["replicas"] == 3
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    grace_s = spec["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s >= 10 + 30, "the pod must outlive both of Traefik's grace periods"


def test_ten_definitions_are_only_ever_forgotten_and_removed_last() -> None:
    found = stack()
    definitions = found.all("CustomResourceDefinition")
    assert len(definitions) == 10
    assert all(item.retained for item in definitions)
    retention = found.one("CrdRetention")
    assert sorted(retention.inputs["definitions"]) == sorted(item.name for item in definitions)
    assert all(retention.urn in item.depends_on for item in definitions)
    assert not any(item.retained for item in found if item not in definitions)


def test_traefik_starts_when_it_can_read_everything_it_waits_for() -> None:
    found = stack()
    before = found.before(found.one("Deployment", "traefik"))
    needed = [*found.all("CustomResourceDefinition"), found.one("ClusterRoleBinding")]
    assert {item.urn for item in needed} <= before


def test_prometheus_asks_every_replica_at_the_configured_pace() -> None:
    found = stack(prometheus={"scrapeInterval": "1500ms"})
    (settings,) = found.all("ConfigMap")
    text = settings.inputs["data"]["prometheus.yml"]
    assert "scrape_interval: 1500ms" in text
    assert "canary-traefik-metrics.traefik.svc" in text
    headless = found.one("Service", "canary-traefik-metrics").inputs["spec"]
    assert headless["clusterIP"] == "None"
    assert headless["publishNotReadyAddresses"] is True


def test_the_metrics_of_a_traefik_that_exists_are_found_by_its_labels() -> None:
    labels = {"app": "edge"}
    traefik = {"install": False, "namespace": "edge", "podLabels": labels, "metricsPort": 9101}
    found = stack(traefik=traefik)
    headless = found.one("Service", "canary-traefik-metrics").inputs
    assert headless["metadata"]["namespace"] == "edge"
    assert headless["spec"]["selector"] == labels
    assert headless["spec"]["ports"][0]["targetPort"] == 9101
    (settings,) = found.all("ConfigMap")
    text = settings.inputs["data"]["prometheus.yml"]
    assert "canary-traefik-metrics.edge.svc" in text
    assert "port: 9101" in text


def test_our_traefik_carries_the_labels_that_it_is_looked_for_by() -> None:
    found = stack(traefik={"podLabels": {"app": "edge"}})
    deployment = found.one("Deployment", "traefik").inputs["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert labels["app"] == "edge"
    assert deployment["selector"]["matchLabels"].items() <= labels.items()
    for name in ("traefik", "canary-traefik-metrics"):
        assert found.one("Service", name).inputs["spec"]["selector"].items() <= labels.items()


def test_other_settings_are_another_object_so_that_the_pod_is_replaced() -> None:
    def name(pace: str) -> str:
        (settings,) = stack(prometheus={"scrapeInterval": pace}).all("ConfigMap")
        return str(settings.inputs["metadata"]["name"])

    assert name("1s") != name("5s")
    assert name("5s") == name("5s")


def test_samples_are_kept_on_a_volume_when_asked_for() -> None:
    assert not stack().all("PersistentVolumeClaim")
    storage = {"size": "10Gi", "class": "fast"}
    claim = stack(prometheus={"storage": storage}).one("PersistentVolumeClaim")
    assert claim.inputs["spec"]["storageClassName"] == "fast"
    assert claim.inputs["spec"]["resources"] == {"requests": {"storage": "10Gi"}}


def test_prometheus_and_the_load_tester_have_no_right_in_the_cluster() -> None:
    pods = stack().pods()
    for name in ("prometheus", "flagger-loadtester"):
        assert pods[name]["spec"]["automountServiceAccountToken"] is False


def test_the_load_tester_is_closed_to_all_but_its_neighbours() -> None:
    spec = stack().one("NetworkPolicy").inputs["spec"]
    (rule,) = spec["ingress"]
    assert spec["policyTypes"] == ["Ingress"]
    assert rule["ports"] == [{"port": 8080, "protocol": "TCP"}]
    assert all("ipBlock" not in source for source in rule["from"])


def test_networks_of_the_api_servers_may_be_let_in() -> None:
    found = stack(loadtester={"allowFrom": ["10.0.0.0/24"]})
    (rule,) = found.one("NetworkPolicy").inputs["spec"]["ingress"]
    assert {"ipBlock": {"cidr": "10.0.0.0/24"}} in rule["from"]


def test_the_outputs_tell_where_what_runs() -> None:
    outputs: dict[str, Any] = {}
    config = load({"apps": APPS})
    rendered = {"podinfo": render_version(app_of())}
    seen: dict[str, str] = {}

    def declare() -> None:
        podinfo = program.built(config, rendered, {})["apps"]["podinfo"]
        outputs.update(podinfo)
        podinfo["image"].apply(lambda image: seen.update(image=image))

    recorder.declared(declare)
    assert outputs["url"] == "http://app.example.com"
    assert seen == {"image": PODINFO["image"]}  # the Rollout's: what serves, not what is asked for


def test_installed_namespaces_are_the_stacks() -> None:
    assert program.namespaces_of(load({})) == {"traefik", "canary-system"}


def test_an_app_is_released_after_those_that_it_comes_after() -> None:
    hosts = {"shop": "shop.example.com", "users": "users.example.com", "web": "web.example.com"}
    apps = {key: {**PODINFO, "host": host} for key, host in hosts.items()}
    apps["shop"]["after"] = ["web", "users"]
    apps["web"]["after"] = ["users"]
    found = stack(apps=apps)
    before = {item.name: found.before(item) for item in found.all("Rollout")}
    urns = {item.name: item.urn for item in found.all("Rollout")}
    assert {urns["web"], urns["users"]} <= before["shop"]
    assert before["web"] & set(urns.values()) == {urns["users"]}
    assert not before["users"] & set(urns.values())


def test_no_pod_runs_of_an_app_whose_turn_has_not_come() -> None:
    apps = {key: {**PODINFO, "host": f"{key}.example.com"} for key in ("shop", "users", "web")}
    apps["shop"]["after"] = ["users", "web"]
    found = stack(apps=apps)
    for item in found.all("Rollout"):
        later = {one.name for one in found.all("Deployment") if item.urn in found.before(one)}
        waiting = {"shop"} - {item.name}
        assert {name.partition("-")[0] for name in later} == waiting
