"""The guard as declared: its pod, its files, and rights for nothing but what a restore needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary import program
from canary.components.guard_charge import Charge, untold
from canary.components.guard_specs import mount
from canary.config import load
from canary.render import render_version
from tests.bed import pins
from tests.components import recorder
from tests.components.apps import PODINFO
from tests.components.recorder import Declarations

OTHER = {**PODINFO, "host": "other.example.com", "namespace": "team"}
APPS = {"podinfo": PODINFO, "other": OTHER}

ENDS = ("", "-shielded", "-failover", "-mirror", "-canary", "-canary-shielded")


def stack(**settings: Any) -> Declarations:
    return recorder.stack({"apps": APPS, **settings})


def guard(found: Declarations) -> Any:
    (deployment,) = [
        item
        for item in found.all("Deployment")
        if item.inputs["metadata"]["name"].startswith("canary-guard-")
    ]
    return deployment


def test_one_pod_watches_every_namespace_of_the_stacks_apps() -> None:
    deployment = guard(stack())
    assert deployment.inputs["metadata"]["namespace"] == "demo"
    assert deployment.inputs["spec"]["replicas"] == 1
    (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
    values = {entry["name"]: entry["value"] for entry in container["env"]}
    assert values["GUARD_NAMESPACES"] == "demo team"
    assert values["GUARD_OWNER"] == "0" * 32
    assert container["image"] == pins.IMAGES["guard"]


def test_its_rights_are_those_of_a_restore() -> None:
    roles = [item for item in stack().all("Role") if "guard" in item.inputs["metadata"]["name"]]
    assert {role.inputs["metadata"]["namespace"] for role in roles} == {"demo", "team"}
    (role,) = [role for role in roles if role.inputs["metadata"]["namespace"] == "team"]
    allowed = {
        (verb, resource, name)
        for rule in role.inputs["rules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ["any"])
    }
    lists = [f"other{end}" for end in ENDS]
    version = f"other-{render_version(load({'apps': APPS}).apps['other']).version}"
    assert allowed == {
        ("list", "traefikservices", "any"),
        *((verb, "traefikservices", name) for verb in ("get", "update") for name in lists),
        ("delete", "traefikservices", "other-failover"),
        ("delete", "traefikservices", "other-mirror"),
        ("get", "services", "other"),
        ("update", "services", "other"),
        *(("get", kind, "other-baseline") for kind in ("deployments", "services")),
        *(("delete", kind, "other-baseline") for kind in ("deployments", "services")),
        ("list", "leases", "any"),
        ("delete", "leases", "any"),
        ("get", "deployments", version),
        ("patch", "deployments/scale", version),
        ("list", "endpointslices", "any"),
        ("create", "events", "any"),
    }
    for binding in stack().all("RoleBinding"):
        (subject,) = binding.inputs["subjects"]
        assert subject["namespace"] == "demo"
        assert subject["name"] == guard(stack()).inputs["metadata"]["name"]


def test_it_is_there_before_any_traffic_can_move() -> None:
    found = stack()
    deployment = guard(found)
    for rollout in found.all("Rollout"):
        assert deployment.urn in found.before(rollout)
    bindings = {item.urn for item in found.all("RoleBinding")}
    assert bindings <= found.before(deployment)


def test_without_it_the_preview_says_what_is_lost() -> None:
    found = stack(guard={"install": False})
    assert not found.all("Role")
    (warning,) = program.unguarded(load({"apps": APPS, "guard": {"install": False}}))
    assert warning.startswith("canary:guard.install is false: if the machine that runs")
    assert program.unguarded(load({"apps": APPS})) == ()
    assert program.unguarded(load({"guard": {"install": False}})) == ()


def test_a_stack_without_apps_needs_none() -> None:
    assert not recorder.stack({}).all("Role")


def test_preflight_looks_for_it_where_it_is_declared() -> None:
    found = guard(stack()).inputs["metadata"]
    post = program.post_of(load({"apps": APPS}))
    assert post is not None
    assert post.namespace == found["namespace"]
    assert post.name == found["name"]
    assert program.post_of(load({"apps": APPS, "guard": {"install": False}})) is None
    assert program.post_of(load({})) is None


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/other"])
def test_what_is_mounted_runs_without_anything_else(tmp_path: Path, path: str) -> None:
    """As in the pod: the ConfigMap's files alone, and an interpreter without any package."""
    for name, text in mount(Charge(apps={})).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    statuses = {"/healthz": 200, "/readyz": 503, "/metrics": 200, "/other": 404}
    code = (
        "import urllib.request, urllib.error, time\n"
        "from canary.guard.__main__ import Health, serve\n"
        "now = time.monotonic()\n"
        "server = serve(Health(looked_s=now, saw_s=now - 60.0), port=0)\n"
        f"url = f'http://127.0.0.1:{{server.server_address[1]}}{path}'\n"
        "try:\n    print(urllib.request.urlopen(url).status)\n"
        "except urllib.error.HTTPError as error:\n    print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, '.')\n{code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.strip() == str(statuses[path]), done.stderr


ALERTED = {"analysis": {"alerts": [{"name": "on-call", "providerRef": {"name": "ops"}}]}}


def alerted(provider: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "apps": {"podinfo": {**PODINFO, **ALERTED}, "other": OTHER},
        "alertProviders": {"ops": {"type": "slack", "channel": "releases", **provider}},
        **more,
    }


@pytest.mark.parametrize(("named", "where"), [({}, "demo"), ({"namespace": "ops"}, "ops")])
def test_it_reads_the_secrets_that_alerts_name_and_no_other(named: Any, where: str) -> None:
    found = recorder.stack(alerted({"secretRef": {"name": "hook", "key": "url", **named}}))
    rules = [
        (role.inputs["metadata"]["namespace"], rule)
        for role in found.all("Role")
        for rule in role.inputs["rules"]
        if "secrets" in rule["resources"]
    ]
    only = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["hook"]}
    assert rules == [(where, {**only, "verbs": ["get"]})]
    bound = {item.inputs["metadata"]["namespace"] for item in found.all("RoleBinding")}
    assert bound == {"demo", "team", where}
    (told,) = json.loads(code(found)["alerts.json"])
    assert (told["app"], told["type"], told["channel"]) == ("podinfo", "slack", "releases")
    assert told["secret"] == {"namespace": where, "name": "hook", "key": "url"}


def test_an_address_of_the_configuration_is_not_handed_to_it_and_the_preview_says_so() -> None:
    address = {"ops": "https://hooks.example.com/S3cr3t"}
    settings = alerted({}, alertAddresses=address)
    found = recorder.stack(settings)
    assert json.loads(code(found)["alerts.json"]) == []
    assert not any("S3cr3t" in json.dumps(item.inputs) for item in found)
    (line,) = untold(load(settings))
    assert line.startswith("alertProviders.ops is not told of a restore by the guard")
    assert untold(load({**settings, "guard": {"install": False}})) == ()
    assert untold(load(alerted({"secretRef": {"name": "hook"}}))) == ()


def code(found: Declarations) -> Any:
    (config_map,) = [
        item
        for item in found.all("ConfigMap")
        if item.inputs["metadata"]["name"].startswith("canary-guard-")
    ]
    return config_map.inputs["data"]


def test_several_share_a_lease_and_the_right_to_it_alone() -> None:
    found = stack(guard={"replicas": 2})
    deployment, lease = guard(found), found.one("Lease")
    name = deployment.inputs["metadata"]["name"]
    assert lease.inputs["metadata"]["name"] == name
    assert "spec" not in lease.inputs
    assert deployment.inputs["spec"]["replicas"] == 2
    spec = deployment.inputs["spec"]["template"]["spec"]
    (spread,) = spec["topologySpreadConstraints"]
    labels = deployment.inputs["spec"]["template"]["metadata"]["labels"]
    assert spread["labelSelector"]["matchLabels"].items() <= labels.items()
    values = {entry["name"]: entry["value"] for entry in spec["containers"][0]["env"]}
    assert values["GUARD_LEASE"] == f"/apis/coordination.k8s.io/v1/namespaces/demo/leases/{name}"
    assert lease.urn in found.before(deployment)
    rules = [
        (role.inputs["metadata"]["namespace"], rule["verbs"])
        for role in found.all("Role")
        for rule in role.inputs["rules"]
        if rule.get("resourceNames") == [name]
    ]
    assert rules == [("demo", ["get", "update"])]


def test_one_alone_needs_no_lease() -> None:
    assert not stack().all("Lease")
    assert "GUARD_LEASE" not in json.dumps(guard(stack()).inputs)


def test_the_deployer_of_the_docs_may_grant_all_of_its_rights() -> None:
    """Who may not do something himself is refused a Role that allows it."""
    roles = yaml.safe_load_all((Path(__file__).parents[2] / "docs" / "deployer.yaml").read_text())
    (deployer,) = (role for role in roles if role["metadata"]["name"] == "canary-deployer")
    held = {
        (group, resource, verb)
        for rule in deployer["rules"]
        if "resourceNames" not in rule
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    found = recorder.stack(alerted({"secretRef": {"name": "hook"}}, guard={"replicas": 2}))
    for role in found.all("Role"):
        for rule in role.inputs["rules"]:
            (group,), (resource,) = rule["apiGroups"], rule["resources"]
            for verb in rule["verbs"]:
                assert {(group, resource, verb), (group, "*", verb)} & held, rule
