"""The plugin over its wire protocol, with a fake API server behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from tests.bed.plugin.api import Api
from tests.bed.plugin.driver import Driver, driven, failure_of
from tests.bed.plugin.fake_api import FakeApi
from tests.bed.plugin.wire import UNKNOWN, Secret, decoded, encoded

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECRET = "kubernetes:core/v1:Secret"
WEB = {
    "metadata": {"name": "web", "annotations": {"pulumi.com/timeoutSeconds": "30"}},
    "spec": {"selector": {"matchLabels": {"app": "web"}}},
}


@dataclass
class Stage:
    server: FakeApi
    driver: Driver


@pytest.fixture
def stage() -> Iterator[Stage]:
    server = FakeApi()
    with driven(lambda _: server.api()) as driver:
        driver.stub.Configure(
            provider_pb2.ConfigureRequest(args=encoded({"namespace": "shop", "kubeconfig": "{"}))
        )
        yield Stage(server=server, driver=driver)


def test_it_says_what_it_can_and_that_it_is_the_sdks_version(stage: Stage) -> None:
    stub = stage.driver.stub
    assert stub.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
    assert stub.GetPluginInfo(empty_pb2.Empty()).version == version("pulumi_kubernetes")


def test_a_life(stage: Stage) -> None:
    driver = stage.driver
    inputs = driver.check(CONFIG_MAP, {"data": {"a": "1"}})
    name = inputs["metadata"]["name"]
    resource_id, outputs = driver.create(CONFIG_MAP, inputs)
    assert resource_id == f"shop/{name}"
    assert outputs["data"] == {"a": "1"}
    labelled = inputs | {"metadata": inputs["metadata"] | {"labels": {"x": "y"}}}
    found = driver.diff(CONFIG_MAP, inputs, labelled)
    assert found.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert set(found.detailedDiff) == {"metadata.labels"}
    assert not found.replaces
    assert driver.update(CONFIG_MAP, resource_id, outputs, labelled)["metadata"]["labels"]
    assert driver.read(CONFIG_MAP, resource_id, labelled)[0] == labelled
    driver.delete(CONFIG_MAP, resource_id, labelled)
    assert driver.read(CONFIG_MAP, resource_id, labelled) == ({}, {})


def test_a_replacement_is_announced_with_its_paths(stage: Stage) -> None:
    old = stage.driver.check(CONFIG_MAP, {"metadata": {"name": "a"}, "data": {"a": "1"}})
    found = stage.driver.diff(CONFIG_MAP, old, old | {"data": {"a": "2"}})
    assert list(found.replaces) == ["data.a"]
    assert found.deleteBeforeReplace
    assert found.detailedDiff["data.a"].kind == provider_pb2.PropertyDiff.UPDATE_REPLACE


def test_a_preview_writes_nothing_and_keeps_unknowns(stage: Stage) -> None:
    inputs = stage.driver.check(CONFIG_MAP, {"data": {"a": UNKNOWN}})
    _, outputs = stage.driver.create(CONFIG_MAP, inputs, preview=True)
    assert outputs["data"] == {"a": UNKNOWN}
    assert outputs["metadata"]["uid"] is UNKNOWN
    assert stage.server.sent == []


def test_a_kind_it_does_not_serve_fails_the_check_by_name(stage: Stage) -> None:
    with pytest.raises(ValueError, match=r"does not know Job \(batch/v1\)"):
        stage.driver.check("kubernetes:batch/v1:Job", {})


def test_a_definition_of_this_program_tells_the_scope_of_its_objects(stage: Stage) -> None:
    spec = {
        "group": "example.org",
        "scope": "Cluster",
        "names": {"kind": "Thing", "plural": "things"},
        "versions": [{"name": "v1"}],
    }
    definition = {"metadata": {"name": "things.example.org"}, "spec": spec}
    token = "kubernetes:example.org/v1:Thing"
    assert stage.driver.check(token, {"metadata": {"name": "a"}})["metadata"]["namespace"] == "shop"
    stage.driver.check("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", definition)
    assert stage.driver.check(token, {"metadata": {"name": "a"}})["metadata"] == {"name": "a"}


@pytest.mark.parametrize(("other", "replaces"), [("http://b", ["kubeconfig"]), ("http://a", [])])
def test_only_another_server_replaces_the_provider(
    stage: Stage, other: str, replaces: list[str]
) -> None:
    template = """{"contexts": [{"name": "c", "context": {"cluster": "c"}}], "users": [],
        "current-context": "c", "clusters": [{"name": "c", "cluster": {"server": "%s"}}]}"""
    olds = {"kubeconfig": template % "http://a", "namespace": "a"}
    news = {"kubeconfig": template % other + " ", "namespace": "a"}
    request = provider_pb2.DiffRequest(old_inputs=encoded(olds), news=encoded(news))
    found = stage.driver.stub.DiffConfig(request)
    assert found.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(found.replaces) == replaces


def test_existing_objects_are_taken_over_when_the_provider_is_told_to(stage: Stage) -> None:
    stage.server.put("/api/v1/namespaces/shop/configmaps/a", {"metadata": {"name": "a"}})
    inputs = stage.driver.check(CONFIG_MAP, {"metadata": {"name": "a"}})
    with pytest.raises(grpc.RpcError, match="already exists"):
        stage.driver.create(CONFIG_MAP, inputs)
    config = {"namespace": "shop", "upsertExistingObjects": "true"}
    stage.driver.stub.Configure(provider_pb2.ConfigureRequest(args=encoded(config)))
    assert stage.driver.create(CONFIG_MAP, inputs)[0] == "shop/a"


def test_a_secret_comes_back_secret(stage: Stage) -> None:
    inputs = stage.driver.check(SECRET, {"stringData": Secret({"p": "hunter22"})})
    _, outputs = stage.driver.create(SECRET, inputs)
    assert isinstance(outputs["data"], Secret)
    assert outputs["stringData"] == Secret({"p": "hunter22"})


def test_an_error_does_not_print_a_secret(stage: Stage) -> None:
    inputs = stage.driver.check(SECRET, {"stringData": Secret({"hunter22": "hunter22"})})
    path = f"/api/v1/namespaces/shop/secrets/{inputs['metadata']['name']}"
    stage.server.owned[path] = ("kubectl", ".data.hunter22 aHVudGVyMjI=")
    with pytest.raises(grpc.RpcError) as caught:
        stage.driver.create(SECRET, inputs)
    details = caught.value.details()
    assert 'field manager "kubectl" over .data.[secret] [secret]' in details
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_what_did_not_become_ready_stays_in_the_state(stage: Stage) -> None:
    inputs = stage.driver.check(DEPLOYMENT, WEB)
    with pytest.raises(grpc.RpcError) as caught:
        stage.driver.create(DEPLOYMENT, inputs, timeout_s=0.2)
    failure = failure_of(caught.value)
    assert failure.id == "shop/web"
    assert "timed out after 0.2 s" in failure.reasons[0]
    assert decoded(failure.inputs) == inputs
    assert decoded(failure.properties)["metadata"]["uid"]


def test_progress_is_ephemeral_and_cancel_ends_the_wait(stage: Stage) -> None:
    inputs = stage.driver.check(DEPLOYMENT, WEB)
    request = provider_pb2.CreateRequest(
        urn=f"urn:pulumi:dev::shop::{DEPLOYMENT}::web", properties=encoded(inputs)
    )
    running = stage.driver.stub.Create.future(request)
    assert stage.driver.rows.spoken.wait(timeout=5)
    stage.driver.stub.Cancel(empty_pb2.Empty())
    assert "cancelled while waiting" in str(running.exception(timeout=5).details())
    _, line, ephemeral = stage.driver.rows.said[0]
    assert line == "waiting for the controller to see the change"
    assert ephemeral


def test_a_cluster_that_is_not_there_is_said_to_be_unreachable() -> None:
    kubeconfig = """{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster":
        "c"}}], "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}]}"""
    with driven(lambda settings: Api(settings.cluster())) as driver:
        driver.stub.Configure(
            provider_pb2.ConfigureRequest(args=encoded({"kubeconfig": kubeconfig}))
        )
        inputs = driver.check(CONFIG_MAP, {})
        with pytest.raises(grpc.RpcError) as caught:
            driver.create(CONFIG_MAP, inputs)
    assert "configured Kubernetes cluster is unreachable" in str(caught.value.details())
