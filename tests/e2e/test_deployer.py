"""A release by an account with exactly the rights of docs/deployer.yaml, and with fewer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bed.errors import BedError
from tests.e2e.project import CHECKOUT
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

PAGE = CHECKOUT / "docs" / "deployer.yaml"
ROLES = {role["metadata"]["name"]: role for role in yaml.safe_load_all(PAGE.read_text())}
ACCOUNT = "deployer"


@pytest.fixture
def kubeconfig(world: World) -> Iterator[Path]:
    """The deployer's, with a token of its own; roles are named after the namespace."""
    ns = world.namespace
    _apply(world, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns}})
    account = {"name": ACCOUNT, "namespace": ns}
    _apply(world, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    looks = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}
    roles = {"release": ROLES["canary-release"]["rules"], "judge": ROLES["canary-judge"]["rules"]}
    for name, rules in {**roles, "namespace": [{**looks, "resourceNames": [ns]}]}.items():
        _apply(world, _rbac("ClusterRole", f"{ns}-{name}", rules=rules))
    _bind(world, "release", ns)
    _bind(world, "namespace", ns)
    for where in ("traefik", "canary-system"):
        _bind(world, "judge", where)
    path = world.directory / "deployer.yaml"
    path.write_text(yaml.safe_dump(_login(world)))
    try:
        yield path
    finally:
        names = [f"{ns}-{name}" for name in ("release", "judge", "namespace")]
        world.bed.kubectl("delete", "clusterrole", *names, "--ignore-not-found")
        for where in ("traefik", "canary-system"):
            world.bed.kubectl("-n", where, "delete", "rolebinding", f"{ns}-judge")


def test_a_release_works_with_exactly_these_rights(world: World, kubeconfig: Path) -> None:
    _write(world, GOOD, kubeconfig)
    world.project.up()
    _write(world, BETTER, kubeconfig)
    with world.probe() as users:
        result = world.project.up()
    assert "not permitted" not in result.text
    assert world.record().images[world.record().primary] == BETTER
    users.answers().assert_none_failed()
    _without_leases(world)
    _write(world, GOOD, kubeconfig)
    refused = world.project.up(fails=True)
    assert any(
        f"not permitted in namespace {world.namespace}: get, create, update, delete "
        "leases.coordination.k8s.io" in line
        for line in refused.reasons
    ), refused.text
    assert world.record().images[world.record().primary] == BETTER


def test_each_right_that_lacks_is_named(world: World, kubeconfig: Path) -> None:
    role = f"{world.namespace}-release"
    command = [sys.executable, "-m", "tests.e2e.denied", str(kubeconfig), world.namespace, role]
    with world.bed.popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text
    enough, *lacking = json.loads(text)
    assert enough == []
    for rule, told in zip(ROLES["canary-release"]["rules"], lacking, strict=True):
        for kind in rule["resources"]:
            assert any(kind in line for line in told), (rule, told)


def _write(world: World, image: str, kubeconfig: Path) -> None:
    app = world.settings(image, {"createNamespace": False})
    access = {"kubernetes": {"kubeconfig": str(kubeconfig)}}
    world.project.write({**world.shared, **access, "apps": {world.app: app}})


def _without_leases(world: World) -> None:
    rules = ROLES["canary-release"]["rules"]
    rest = [rule for rule in rules if rule["resources"] != ["leases"]]
    assert len(rest) == len(rules) - 1
    _apply(world, _rbac("ClusterRole", f"{world.namespace}-release", rules=rest))
    await_(lambda: not _may_lease(world), "an authorizer that has heard of it", 60)


def _may_lease(world: World) -> bool:
    whom = f"--as=system:serviceaccount:{world.namespace}:{ACCOUNT}"
    try:
        world.bed.kubectl("-n", world.namespace, "auth", "can-i", "create", "leases", whom)
    except BedError:
        return False
    return True


def _bind(world: World, role: str, namespace: str) -> None:
    name = f"{world.namespace}-{role}"
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": world.namespace}
    body = _rbac(
        "RoleBinding",
        name,
        roleRef={"apiGroup": group, "kind": "ClusterRole", "name": name},
        subjects=[subject],
    )
    body["metadata"]["namespace"] = namespace
    _apply(world, body)


def _rbac(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    version = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def _apply(world: World, body: dict[str, Any]) -> None:
    path = world.directory / "object.json"
    path.write_text(json.dumps(body))
    world.bed.kubectl("apply", "-f", str(path))


def _login(world: World) -> dict[str, Any]:
    """The administrator's kubeconfig with the deployer's token in the place of its credentials."""
    value: dict[str, Any] = yaml.safe_load(
        world.bed.kubectl("config", "view", "--raw", "--minify", "--flatten")
    )
    token = world.bed.kubectl("-n", world.namespace, "create", "token", ACCOUNT).strip()
    for user in value["users"]:
        user["user"] = {"token": token}
    return value
