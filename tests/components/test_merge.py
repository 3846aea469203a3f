"""How a configured pod template is laid over the generated one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.errors import RenderError
from canary.render.merge import merged

JSON = st.recursive(
    st.booleans() | st.integers() | st.text("xyz", max_size=3),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(st.text("abc", min_size=1, max_size=2), JSON, max_size=3)


def lay(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    return merged(base, patch, "podTemplate")


def test_maps_merge_deeply_and_null_deletes_a_key() -> None:
    base = {"spec": {"a": {"b": 1, "c": 2}, "d": 3}}
    patch = {"spec": {"a": {"c": None, "e": 4}, "d": None}}
    assert lay(base, patch) == {"spec": {"a": {"b": 1, "e": 4}}}


def test_containers_merge_by_name_and_new_ones_come_last() -> None:
    base = {"containers": [{"name": "app", "image": "a:1", "args": ["x"]}]}
    patch = {"containers": [{"name": "side", "image": "s:1"}, {"name": "app", "args": ["y"]}]}
    assert lay(base, patch)["containers"] == [
        {"name": "app", "image": "a:1", "args": ["y"]},
        {"name": "side", "image": "s:1"},
    ]


def test_an_element_is_dropped_when_the_patch_says_so() -> None:
    base = {"volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "data", "emptyDir": {}}]}
    patch = {"volumes": [{"name": "tmp", "$patch": "delete"}]}
    assert lay(base, patch) == {"volumes": [{"name": "data", "emptyDir": {}}]}


def test_mounts_merge_by_their_path() -> None:
    base = {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}
    patch = {"volumeMounts": [{"name": "ram", "mountPath": "/tmp"}]}
    assert lay(base, patch) == {"volumeMounts": [{"name": "ram", "mountPath": "/tmp"}]}


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("env", {"name": "A", "value": "1"}, {"name": "A", "valueFrom": {"fieldRef": {}}}),
        ("volumes", {"name": "tmp", "emptyDir": {}}, {"name": "tmp", "secret": {}}),
    ],
)
def test_a_value_of_another_kind_replaces_the_whole_element(
    key: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert lay({key: [old]}, {key: [new]}) == {key: [new]}


def test_another_way_to_probe_ousts_the_generated_one() -> None:
    base = {"readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 2}}
    patch = {"readinessProbe": {"exec": {"command": ["true"]}}}
    assert lay(base, patch) == {
        "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 2}
    }


def test_lists_without_names_are_replaced() -> None:
    assert lay({"args": ["a", "b"]}, {"args": ["c"]}) == {"args": ["c"]}


@pytest.mark.parametrize(
    ("patch", "complaint"),
    [
        ({"containers": [{"image": "x"}]}, r"podTemplate\.containers\[0\]: `name` is missing"),
        ({"containers": ["x"]}, r"podTemplate\.containers\[0\]: expected a map"),
        ({"containers": "x"}, r"podTemplate\.containers: expected a list"),
        ({"metadata": "x"}, r"podTemplate\.metadata: expected a map"),
    ],
)
def test_what_cannot_be_merged_is_named_with_its_path(
    patch: dict[str, Any], complaint: str
) -> None:
    base = {"containers": [{"name": "app"}], "metadata": {"labels": {}}}
    with pytest.raises(RenderError, match=complaint):
        lay(base, patch)


@given(base=MAPS)
def test_an_empty_patch_changes_nothing(base: dict[str, Any]) -> None:
    assert lay(base, {}) == base


@given(base=MAPS, patch=MAPS)
def test_merging_twice_is_merging_once(base: dict[str, Any], patch: dict[str, Any]) -> None:
    try:
        once = lay(base, patch)
    except RenderError:
        return
    assert lay(once, patch) == once
