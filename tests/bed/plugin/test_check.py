"""Check: default namespaces and generated names."""

from typing import Any

import pytest

from tests.bed.plugin.check import AUTONAMED, Naming, checked, is_autonamed
from tests.bed.plugin.errors import PluginError
from tests.bed.plugin.kinds import Kind
from tests.bed.plugin.wire import UNKNOWN, Secret

CONFIG_MAP = Kind(api_version="v1", name="ConfigMap", plural="configmaps", namespaced=True)
CLUSTER_ROLE = Kind(
    api_version="rbac.authorization.k8s.io/v1",
    name="ClusterRole",
    plural="clusterroles",
    namespaced=False,
)


def inputs_of(
    news: dict[str, Any],
    olds: dict[str, Any] | None = None,
    kind: Kind = CONFIG_MAP,
    **naming: Any,
) -> dict[str, Any]:
    given = Naming(resource_name="settings", **{"seed": b"1", **naming})
    return checked(kind, news, olds or {}, namespace="web", naming=given)


def test_an_object_without_a_namespace_goes_into_the_default_one() -> None:
    inputs = inputs_of({"metadata": {"name": "a"}})
    assert inputs["metadata"] == {"name": "a", "namespace": "web"}
    assert inputs["apiVersion"] == "v1"
    assert inputs["kind"] == "ConfigMap"


def test_a_namespace_that_is_given_stays() -> None:
    assert inputs_of({"metadata": {"name": "a", "namespace": "b"}})["metadata"]["namespace"] == "b"


def test_a_cluster_scoped_object_gets_no_namespace() -> None:
    assert inputs_of({"metadata": {"name": "a"}}, kind=CLUSTER_ROLE)["metadata"] == {"name": "a"}


def test_a_name_is_made_from_the_resources_name_and_the_seed() -> None:
    first, again = inputs_of({}), inputs_of({})
    other = inputs_of({}, seed=b"2")
    name = first["metadata"]["name"]
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 8
    assert first == again != other
    assert first["metadata"]["annotations"] == {AUTONAMED: "true"}


def test_a_generated_name_is_kept_while_the_object_lives() -> None:
    old = inputs_of({})
    assert inputs_of({"data": {"a": "b"}}, old, seed=b"2")["metadata"] == old["metadata"]


def test_an_explicit_name_of_the_past_is_not_kept() -> None:
    new = inputs_of({}, {"metadata": {"name": "explicit"}})
    assert is_autonamed(new)
    assert new["metadata"]["name"] != "explicit"


def test_the_engines_proposal_is_taken() -> None:
    assert inputs_of({}, proposed="dev-settings")["metadata"]["name"] == "dev-settings"


def test_generated_names_can_be_switched_off() -> None:
    with pytest.raises(PluginError, match=r"metadata\.name is required"):
        inputs_of({}, forbidden=True)


def test_metadata_that_is_unknown_or_secret_keeps_its_mark() -> None:
    assert inputs_of({"metadata": UNKNOWN})["metadata"] is UNKNOWN
    secret = inputs_of({"metadata": Secret({"name": "a"})})["metadata"]
    assert secret == Secret({"name": "a", "namespace": "web"})
