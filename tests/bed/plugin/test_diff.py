"""Diff: old inputs against new ones, and what needs a new object."""

from copy import deepcopy
from typing import Any

import pytest

from tests.bed.plugin.check import AUTONAMED
from tests.bed.plugin.diff import difference
from tests.bed.plugin.wire import UNKNOWN, Secret

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "a", "labels": {"app.kubernetes.io/name": "web"}},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"spec": {"containers": [{"name": "app", "image": "podinfo:1"}]}},
    },
}


def changed(path: list[Any], value: Any, base: dict[str, Any] = DEPLOYMENT) -> dict[str, Any]:
    new = deepcopy(base)
    at: Any = new
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return new


def test_nothing_changed() -> None:
    found = difference("Deployment", DEPLOYMENT, deepcopy(DEPLOYMENT))
    assert not found.changes
    assert not found.replaces
    assert not found.delete_before_replace


def test_a_new_image_is_an_update_in_place() -> None:
    path = ["spec", "template", "spec", "containers", 0, "image"]
    found = difference("Deployment", DEPLOYMENT, changed(path, "podinfo:2"))
    assert found.changes == {"spec.template.spec.containers[0].image": "update"}
    assert not found.replaces


def test_keys_with_dots_are_quoted_and_additions_told_from_deletions() -> None:
    label = ["metadata", "labels", "app.kubernetes.io/part-of"]
    more = changed(label, "shop")
    written = 'metadata.labels["app.kubernetes.io/part-of"]'
    assert difference("Deployment", DEPLOYMENT, more).changes == {written: "add"}
    assert difference("Deployment", more, DEPLOYMENT).changes == {written: "delete"}


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Deployment", ["metadata", "name"], "other"),
        ("Deployment", ["metadata", "namespace"], "other"),
        ("Deployment", ["apiVersion"], "apps/v2"),
        ("Deployment", ["spec", "selector", "matchLabels", "app"], "other"),
        ("ConfigMap", ["data"], {"a": "b"}),
        ("ConfigMap", ["binaryData"], {"a": "b"}),
        ("Secret", ["stringData"], {"a": "b"}),
        ("Secret", ["type"], "Opaque"),
        ("Service", ["spec", "clusterIP"], "None"),
        ("RoleBinding", ["roleRef"], {"name": "b"}),
        ("PersistentVolumeClaim", ["spec", "storageClassName"], "fast"),
    ],
)
def test_what_cannot_change_is_replaced(kind: str, path: list[Any], value: Any) -> None:
    found = difference(kind, DEPLOYMENT, changed(path, value))
    assert found.replaces
    assert found.replaces <= set(found.changes)


def test_an_immutable_field_inside_a_map_that_is_new_as_a_whole() -> None:
    service = {"metadata": {"name": "a"}}
    found = difference("Service", service, service | {"spec": {"clusterIP": "None", "ports": []}})
    assert found.replaces == {"spec.clusterIP"}


def test_an_explicit_name_is_freed_before_it_is_taken_again() -> None:
    old = {"metadata": {"name": "a", "namespace": "b"}, "data": {"x": "1"}}
    same_name = difference("ConfigMap", old, old | {"data": {"x": "2"}})
    assert same_name.delete_before_replace
    renamed = old | {"metadata": {"name": "c", "namespace": "b"}}
    assert not difference("ConfigMap", old, renamed).delete_before_replace


def test_a_generated_name_leaves_room_for_both() -> None:
    metadata = {"name": "a-1", "namespace": "b", "annotations": {AUTONAMED: "true"}}
    old = {"metadata": metadata, "data": {"x": "1"}}
    found = difference("ConfigMap", old, old | {"data": {"x": "2"}})
    assert found.replaces
    assert not found.delete_before_replace


def test_an_unknown_is_a_change_and_a_secret_mark_is_not() -> None:
    old = {"metadata": {"name": "a"}, "data": {"x": Secret("1")}}
    assert not difference("Secret", old, {"metadata": {"name": "a"}, "data": {"x": "1"}}).changes
    unknown = difference("Secret", old, {"metadata": {"name": "a"}, "data": {"x": UNKNOWN}})
    assert unknown.changes == {"data.x": "update"}
