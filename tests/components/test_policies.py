"""NetworkPolicies as declared: what they select exists, and who needs a port is let in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components import recorder
from tests.components.apps import PODINFO
from tests.components.recorder import Declarations

ON: dict[str, Any] = {"install": True}


def stack(**settings: Any) -> Declarations:
    apps = {"apps": {"podinfo": PODINFO}}
    return recorder.stack({**apps, "networkPolicies": ON, **settings})


def policy(found: Declarations, name: str) -> Any:
    (one,) = [
        item.inputs
        for item in found.all("NetworkPolicy")
        if item.inputs["metadata"]["name"].startswith(name)
    ]
    return one


def allowed(spec: Any, port: int, way: str = "ingress") -> list[Any]:
    """Who may connect to a port: "all", or what the rules name."""
    peers = "from" if way == "ingress" else "to"
    rules = [rule for rule in spec[way] if any(one["port"] == port for one in rule["ports"])]
    return [peer for rule in rules for peer in rule.get(peers, ["all"])]


def within(namespace: str, **labels: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    }
    selector = {"app.kubernetes.io/" + key: value for key, value in labels.items()}
    return {**found, "podSelector": {"matchLabels": selector}} if labels else found


SYSTEM = within("kube-system")


def test_without_being_asked_for_only_the_load_tester_is_closed() -> None:
    (only,) = recorder.stack({"apps": {"podinfo": PODINFO}}).all("NetworkPolicy")
    assert only.inputs["metadata"]["name"] == "flagger-loadtester"


def test_each_policy_selects_the_pods_of_what_it_is_about() -> None:
    found = stack(guard={"replicas": 2})
    policies, pods = found.all("NetworkPolicy"), found.pods()
    assert len(policies) == 4
    for item in policies:
        name, selector = item.inputs["metadata"]["name"], item.inputs["spec"]["podSelector"]
        chosen = {
            pod
            for pod, template in pods.items()
            if selector["matchLabels"].items() <= template["metadata"]["labels"].items()
        }
        assert chosen == {name}
        place = found.one("Deployment", name).inputs["metadata"]["namespace"]
        assert item.inputs["metadata"]["namespace"] == place


def test_each_port_of_a_rule_is_one_that_the_pod_listens_at() -> None:
    found = stack()
    for item in found.all("NetworkPolicy"):
        (container,) = found.pods()[item.inputs["metadata"]["name"]]["spec"]["containers"]
        listening = {port["containerPort"] for port in container["ports"]}
        named = {port["port"] for rule in item.inputs["spec"]["ingress"] for port in rule["ports"]}
        assert named == listening, item.name


def test_users_reach_traefik_and_only_those_who_ask_it_its_inner_ports() -> None:
    spec = policy(stack(), "traefik")["spec"]
    assert allowed(spec, 8000) == allowed(spec, 8443) == ["all"]
    assert allowed(spec, 9100) == [within("canary-system", name="prometheus")]
    assert allowed(spec, 8080) == [SYSTEM]


def test_prometheus_is_asked_by_its_neighbours_and_asks_traefik_alone() -> None:
    spec = policy(stack(), "prometheus")["spec"]
    assert allowed(spec, 9090) == [{"podSelector": {}}, SYSTEM]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert allowed(spec, 9100, "egress") == [within("traefik", name="traefik")]
    assert allowed(spec, 53, "egress") == ["all"]
    assert {one["protocol"] for one in spec["egress"][1]["ports"]} == {"TCP", "UDP"}
    assert len(spec["egress"]) == 2


def test_the_guard_tells_how_it_is_where_prometheus_runs() -> None:
    found = policy(stack(prometheus={"namespace": "monitoring"}), "canary-guard-")
    assert found["spec"]["policyTypes"] == ["Ingress"]
    assert allowed(found["spec"], 8080) == [within("monitoring")]


def test_networks_of_the_api_servers_are_let_in_where_their_proxy_goes() -> None:
    found = stack(networkPolicies={**ON, "allowFrom": ["10.0.0.0/24"]})
    network = {"ipBlock": {"cidr": "10.0.0.0/24"}}
    assert allowed(policy(found, "traefik")["spec"], 8080) == [SYSTEM, network]
    assert allowed(policy(found, "prometheus")["spec"], 9090)[-1] == network


def test_another_prometheus_may_scrape_from_wherever_it_runs_in_its_namespace() -> None:
    access = {"service": "p", "port": 9090}
    elsewhere = {"install": False, "namespace": "monitoring", "access": access}
    spec = policy(stack(prometheus=elsewhere), "traefik")["spec"]
    assert allowed(spec, 9100) == [within("monitoring")]


@pytest.mark.parametrize("part", ["traefik", "prometheus", "guard"])
def test_what_this_stack_does_not_install_is_not_closed(part: str) -> None:
    others = {"access": {"service": "p", "port": 9090}} if part == "prometheus" else {}
    found = stack(**{part: {"install": False, **others}})
    names = {item.inputs["metadata"]["name"] for item in found.all("NetworkPolicy")}
    assert len(names) == 3
    assert not any(name.startswith(part) or f"-{part}-" in name for name in names)
