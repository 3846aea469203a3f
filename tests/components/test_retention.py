"""Traefik's definitions outlive the stack exactly as long as somebody else uses them."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config

from canary.components.crds import KINDS, definition_spec
from canary.errors import ClusterError
from canary.identity import IdentityProvider
from canary.retention import DEFINITIONS, RetentionProvider, remove_unused

NAMES = [kind.name for kind in KINDS]
OURS = {"app.kubernetes.io/managed-by": "canary"}


class FakeDefinitions:
    """Definitions by path, and objects by the path of their collection."""

    def __init__(self, labels: dict[str, str]) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {}
        self.definitions: dict[str, dict[str, Any]] = {
            f"{DEFINITIONS}/{kind.name}": {
                "metadata": {"name": kind.name, "labels": labels},
                "spec": definition_spec(kind),
            }
            for kind in KINDS
        }

    def find(self, path: str) -> dict[str, Any] | None:
        return self.definitions.get(path)

    def list_(self, path: str) -> list[dict[str, Any]]:
        group, version, plural = path.removeprefix("/apis/").split("/")
        if version != "v1alpha1" or f"{DEFINITIONS}/{plural}.{group}" not in self.definitions:
            raise ClusterError("no such collection", status=404)
        return self.objects.get(plural, [])

    def delete(self, path: str) -> None:
        del self.definitions[path]


def test_definitions_that_nobody_uses_go_with_the_stack() -> None:
    cluster = FakeDefinitions(OURS)
    assert remove_unused(cluster, NAMES)
    assert not cluster.definitions


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_one_foreign_object_of_any_kind_keeps_them_all(kind: Any) -> None:
    cluster = FakeDefinitions(OURS)
    cluster.objects[kind.plural] = [{"metadata": {"name": "theirs", "namespace": "theirs"}}]
    assert not remove_unused(cluster, NAMES)
    assert len(cluster.definitions) == 10


def test_definitions_that_somebody_else_made_are_left_alone() -> None:
    cluster = FakeDefinitions({"app.kubernetes.io/managed-by": "Helm"})
    assert not remove_unused(cluster, NAMES)
    assert len(cluster.definitions) == 10


def test_what_is_gone_already_is_no_obstacle() -> None:
    cluster = FakeDefinitions(OURS)
    for name in NAMES[3:]:
        cluster.delete(f"{DEFINITIONS}/{name}")
    assert remove_unused(cluster, NAMES)
    assert not cluster.definitions


def test_the_provider_changes_when_the_way_to_the_cluster_does() -> None:
    provider = RetentionProvider()
    old = {"definitions": NAMES, "access": {"context": "a"}}
    assert provider.diff("", old, {**old, "__provider": "x"}).changes is False
    assert provider.diff("", old, {**old, "access": {"context": "b"}}).changes is True
    assert provider.create(old).outs == old
    assert provider.update("", old, old).outs == old


def test_an_unreachable_cluster_is_an_error_and_not_a_silent_leak() -> None:
    provider = RetentionProvider()
    provider.configure(
        ConfigureRequest(Config({"canary:kubeconfig": "not a kubeconfig"}, "canary"))
    )
    with pytest.raises(ClusterError):
        provider.delete("", {"definitions": NAMES, "access": {}})


def test_an_identity_is_made_once_and_never_changes() -> None:
    provider = IdentityProvider()
    first, second = provider.create({}), provider.create({})
    assert first.id != second.id
    assert first.outs == {"owner": first.id}
    assert len(first.id) == 32
    assert provider.diff(first.id, {"owner": first.id}, {}).changes is False
