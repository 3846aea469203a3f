"""The plugin over its wire protocol against the bed's real API server and controllers."""

from __future__ import annotations

import base64
import ctypes
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from tests.bed.images import PODINFO
from tests.bed.plugin.api import Api
from tests.bed.plugin.driver import Driver, driven, failure_of
from tests.bed.plugin.wire import Secret, encoded

if TYPE_CHECKING:
    from tests.bed.cluster import Bed

pytestmark = pytest.mark.bed
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}  # on a namespace: its end is not awaited either
CLONE_NEWNET = 0x40000000
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NAMESPACE = "kubernetes:core/v1:Namespace"
SECRET = "kubernetes:core/v1:Secret"
SERVICE = "kubernetes:core/v1:Service"


@dataclass
class Stage:
    bed: Bed
    driver: Driver
    namespace: str

    def made(self, token: str, news: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """The id, inputs and outputs of a new object."""
        inputs = self.driver.check(token, news)
        resource_id, outputs = self.driver.create(token, inputs)
        return resource_id, inputs, outputs


@pytest.fixture
def stage(bed: Bed) -> Iterator[Stage]:
    """A plugin whose threads live in the bed's network, and a namespace that it made."""
    init = bed.sandbox.init()
    assert init
    network = os.open(f"/proc/{init.pid}/ns/net", os.O_RDONLY)
    namespace = f"plugin-{uuid.uuid4().hex[:8]}"

    def enter() -> None:
        assert ctypes.CDLL(None).setns(network, CLONE_NEWNET) == 0

    with driven(lambda settings: Api(settings.cluster()), in_each_thread=enter) as driver:
        config = {"kubeconfig": bed.kubeconfig.read_text(), "namespace": namespace}
        driver.stub.Configure(provider_pb2.ConfigureRequest(args=encoded(config)))
        stage = Stage(bed=bed, driver=driver, namespace=namespace)
        _, inputs, _ = stage.made(
            NAMESPACE, {"metadata": {"name": namespace, "annotations": SKIP_AWAIT}}
        )
        yield stage
        driver.delete(NAMESPACE, namespace, inputs)
    os.close(network)


def deployment(
    image: str, annotations: dict[str, str] | None = None, replicas: int = 1
) -> dict[str, Any]:
    labels = {"app": "web"}
    container = {"name": "app", "image": image, "ports": [{"containerPort": 9898}]}
    return {
        "metadata": {"name": "web", "annotations": annotations or {}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
            },
        },
    }


def test_a_deployment_and_its_service_are_awaited_until_they_serve(stage: Stage) -> None:
    resource_id, _, outputs = stage.made(DEPLOYMENT, deployment(f"{PODINFO}:6.9.2", replicas=2))
    assert resource_id == f"{stage.namespace}/web"
    assert outputs["status"]["availableReplicas"] == 2
    assert any("available pods" in line for line in stage.driver.lines())
    service = {
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 9898}]},
    }
    _, _, seen = stage.made(SERVICE, service)
    assert seen["spec"]["clusterIP"].startswith("10.")


def test_a_rollout_that_cannot_pull_says_so_and_keeps_the_object(stage: Stage) -> None:
    bad = deployment("127.0.0.1:1/none:1", {"pulumi.com/timeoutSeconds": "10"})
    inputs = stage.driver.check(DEPLOYMENT, bad)
    with pytest.raises(grpc.RpcError) as caught:
        stage.driver.create(DEPLOYMENT, inputs)
    failure = failure_of(caught.value)
    assert failure.id == f"{stage.namespace}/web"
    assert "timed out after 10 s" in failure.reasons[0]
    assert "app ErrImagePull" in failure.reasons[0] or "ImagePullBackOff" in failure.reasons[0]
    stage.driver.delete(DEPLOYMENT, failure.id, inputs)


def test_replicas_that_another_owns_are_left_alone(stage: Stage) -> None:
    news = deployment(f"{PODINFO}:6.9.2", SKIP_AWAIT)
    del news["spec"]["replicas"]
    resource_id, inputs, outputs = stage.made(DEPLOYMENT, news)
    stage.bed.kubectl("-n", stage.namespace, "scale", "deployment/web", "--replicas=0")
    read_inputs, read = stage.driver.read(DEPLOYMENT, resource_id, inputs)
    assert read_inputs == inputs
    assert read["spec"]["replicas"] == 0
    labelled = inputs | {"metadata": inputs["metadata"] | {"labels": {"a": "b"}}}
    updated = stage.driver.update(DEPLOYMENT, resource_id, outputs, labelled)
    assert updated["spec"]["replicas"] == 0


def test_a_field_that_another_took_is_a_conflict_with_its_name(stage: Stage) -> None:
    resource_id, inputs, outputs = stage.made(
        CONFIG_MAP, {"metadata": {"name": "a", "labels": {"x": "1"}}}
    )
    stage.bed.kubectl(
        *("-n", stage.namespace, "label", "configmap/a", "x=2", "--overwrite"),
        "--field-manager=somebody",
    )
    drifted, _ = stage.driver.read(CONFIG_MAP, resource_id, inputs)
    assert drifted["metadata"]["labels"] == {"x": "2"}
    with pytest.raises(grpc.RpcError) as caught:
        stage.driver.update(CONFIG_MAP, resource_id, outputs, inputs)
    said = str(caught.value.details())
    assert 'conflict with field manager "somebody" over .metadata.labels.x' in said
    metadata = inputs["metadata"] | {"annotations": {"pulumi.com/patchForce": "true"}}
    forced = stage.driver.update(CONFIG_MAP, resource_id, outputs, inputs | {"metadata": metadata})
    assert forced["metadata"]["labels"] == {"x": "1"}


def test_an_object_of_somebody_else_is_not_taken(stage: Stage) -> None:
    stage.bed.kubectl("-n", stage.namespace, "create", "configmap", "theirs", "--from-literal=a=1")
    with pytest.raises(grpc.RpcError) as caught:
        stage.made(CONFIG_MAP, {"metadata": {"name": "theirs"}, "data": {"a": "2"}})
    assert "already exists" in str(caught.value.details())


def test_a_secrets_texts_can_be_changed_and_removed(stage: Stage) -> None:
    resource_id, inputs, outputs = stage.made(
        SECRET, {"metadata": {"name": "s"}, "stringData": Secret({"a": "one", "b": "two"})}
    )
    assert outputs["data"] == Secret({"a": _encoded("one"), "b": _encoded("two")})
    fewer = inputs | {"stringData": Secret({"a": "three"})}
    updated = stage.driver.update(SECRET, resource_id, outputs, fewer)
    assert updated["data"] == Secret({"a": _encoded("three")})
    assert stage.driver.read(SECRET, resource_id, fewer)[0] == fewer


def test_a_definition_serves_its_objects_at_once_and_takes_them_along(stage: Stage) -> None:
    group = f"{stage.namespace}.example.org"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = {
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
    crd_id, crd_inputs, _ = stage.made(CRD, definition)
    token = f"kubernetes:{group}/v1:Thing"
    thing_id, inputs, outputs = stage.made(token, {"spec": {"size": 1}})
    assert outputs["spec"] == {"size": 1}
    stage.driver.delete(CRD, crd_id, crd_inputs)
    assert stage.driver.read(token, thing_id, inputs) == ({}, {})
    stage.driver.delete(token, thing_id, inputs)


def test_a_deletion_waits_until_the_pods_are_gone(stage: Stage) -> None:
    resource_id, inputs, _ = stage.made(DEPLOYMENT, deployment(f"{PODINFO}:6.9.2"))
    stage.driver.delete(DEPLOYMENT, resource_id, inputs)
    left = stage.bed.kubectl("-n", stage.namespace, "get", "pods", "--output=name")
    assert left == ""


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
