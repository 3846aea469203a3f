"""Create, update, read and delete against a fake API server."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from tests.bed.plugin.await_ import Patience
from tests.bed.plugin.errors import ApiError, AwaitError, ClusterError, PluginError, Unready
from tests.bed.plugin.fake_api import FakeApi, answer
from tests.bed.plugin.kinds import Kinds
from tests.bed.plugin.lifecycle import Lifecycle

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SUCCESSOR = {"metadata": {"name": "b", "uid": "another"}}
PATH = "/api/v1/namespaces/a/configmaps/b"
WEB = "/apis/apps/v1/namespaces/a/deployments/web"


@dataclass
class Story:
    """A fake cluster, and what the row has said."""

    server: FakeApi = field(default_factory=FakeApi)
    said: list[str] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def of(self, token: str, within_s: float = 0.3, *, upsert: bool = False) -> Lifecycle:
        api = self.server.api()
        patience = Patience(timeout_s=within_s, say=self.said.append, cancelled=self.cancelled)
        kind = Kinds(lambda: api).named(token)
        return Lifecycle(
            api=api, kind=kind, patience=patience, warn=self.said.append, upsert=upsert
        )


def config_map(text: str = "1", **annotations: str) -> dict[str, Any]:
    metadata = {"name": "b", "namespace": "a", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": text}}


def deployment(**annotations: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "a", "annotations": annotations},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "replicas": 2},
    }


def test_a_new_object_is_applied() -> None:
    story = Story()
    resource_id, outputs = story.of(CONFIG_MAP).create(config_map())
    assert resource_id == "a/b"
    assert outputs["metadata"]["uid"]
    assert story.server.objects[PATH]["data"] == {"x": "1"}


def test_an_object_of_somebody_else_is_not_touched() -> None:
    story = Story()
    story.server.put(PATH, config_map("theirs"))
    with pytest.raises(PluginError, match="a/b already exists: delete it"):
        story.of(CONFIG_MAP).create(config_map())
    assert story.server.sent == []


def test_it_is_taken_over_when_the_provider_says_so() -> None:
    story = Story()
    story.server.put(PATH, config_map("theirs"))
    story.of(CONFIG_MAP, upsert=True).create(config_map("ours"))
    assert story.server.objects[PATH]["data"] == {"x": "ours"}


def test_a_conflict_names_the_manager_and_the_field() -> None:
    story = Story()
    story.server.owned[PATH] = ("kubectl-edit", ".data.x")
    with pytest.raises(ApiError, match=r'field manager "kubectl-edit" over \.data\.x'):
        story.of(CONFIG_MAP).update("a/b", config_map())
    story.of(CONFIG_MAP).update("a/b", config_map(**{"pulumi.com/patchForce": "true"}))


def test_a_deployment_is_awaited_and_its_timeout_tells_the_pods_reason() -> None:
    story = Story()
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    pod = {
        "metadata": {"name": "web-1"},
        "status": {"containerStatuses": [{"name": "app", "ready": False, "state": waiting}]},
    }
    story.server.listings["/api/v1/namespaces/a/pods"] = {"items": [pod]}
    with pytest.raises(Unready, match=r"timed out after 0\.3 s.*app ImagePullBackOff") as caught:
        story.of(DEPLOYMENT).create(deployment())
    assert caught.value.resource_id == "a/web"
    assert caught.value.outputs["spec"]["replicas"] == 2
    assert any("ImagePullBackOff" in line for line in story.said)


def test_a_deployment_is_ready_when_every_pod_is_new_and_available() -> None:
    story = Story()
    counts = ("observedGeneration", "replicas", "updatedReplicas", "availableReplicas")
    story.server.statuses[WEB] = dict.fromkeys(counts, 2)
    _, outputs = story.of(DEPLOYMENT).create(deployment())
    assert outputs["status"]["availableReplicas"] == 2
    assert story.said == []


def test_a_deployment_that_has_given_up_ends_the_wait() -> None:
    story = Story()
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    story.server.statuses[WEB] = {"observedGeneration": 1, "conditions": [stuck]}
    with pytest.raises(Unready, match="waiting for 2 updated pods: 0 so far"):
        story.of(DEPLOYMENT, within_s=60).update("a/web", deployment())


def test_a_verdict_on_the_generation_before_is_no_verdict() -> None:
    story = Story()
    stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    story.server.statuses[WEB] = {"observedGeneration": 0, "conditions": [stuck]}
    with pytest.raises(Unready, match="timed out"):
        story.of(DEPLOYMENT).update("a/web", deployment())


def test_a_service_is_awaited_until_an_endpoint_is_ready() -> None:
    story = Story()
    metadata = {"name": "web", "namespace": "a"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": {"a": "b"}},
    }
    slices = "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices"
    story.server.listings[slices] = {"items": [{"endpoints": [{"conditions": {"ready": False}}]}]}
    with pytest.raises(Unready, match="waiting for a ready endpoint: 0 of 1 are"):
        story.of("kubernetes:core/v1:Service").create(service)
    story.server.listings[slices] = {"items": [{"endpoints": [{"conditions": {"ready": True}}]}]}
    story.of("kubernetes:core/v1:Service").update("a/web", service)


@pytest.mark.parametrize("spec", [{}, {"selector": {"a": "b"}, "clusterIP": "None"}])
def test_a_service_that_nobody_selects_for_is_ready(spec: dict[str, Any]) -> None:
    metadata = {"name": "web", "namespace": "a"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
    Story().of("kubernetes:core/v1:Service").create(service)


def test_a_definition_is_awaited_until_it_is_established() -> None:
    story, path = Story(), "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/t.io"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "t.io"},
    }
    token = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"
    with pytest.raises(Unready, match="waiting to be established"):
        story.of(token).create(definition)
    established = {"conditions": [{"type": "Established", "status": "True"}]}
    story.server.statuses[path] = established
    assert story.of(token).update("t.io", definition)["status"] == established


def test_skip_await_skips_it() -> None:
    story = Story()
    story.of(DEPLOYMENT).create(deployment(**{"pulumi.com/skipAwait": "true"}))
    assert story.said == []


def test_cancel_ends_a_wait_at_once() -> None:
    story = Story()
    story.cancelled.set()
    with pytest.raises(Unready, match="cancelled while waiting for the controller"):
        story.of(DEPLOYMENT, within_s=60).create(deployment())


def test_a_deletion_is_awaited_and_may_find_nothing() -> None:
    story = Story()
    story.server.put(PATH, config_map())
    story.of(CONFIG_MAP).delete("a/b", config_map())
    story.of(CONFIG_MAP).delete("a/b", config_map())
    assert not story.server.objects
    assert [method for method, _, _ in story.server.sent] == ["DELETE"]


def test_a_deletion_that_hangs_names_the_finalizer() -> None:
    story = Story()
    story.server.put(PATH, config_map())
    story.server.finalizing.add(PATH)
    with pytest.raises(AwaitError, match=r"held by example\.org/held"):
        story.of(CONFIG_MAP).delete("a/b", config_map())


def test_a_deletion_ends_when_another_object_has_taken_the_name() -> None:
    story = Story()
    story.server.put(PATH, config_map())
    story.server.finalizing.add(PATH)
    lifecycle = story.of(CONFIG_MAP)
    successor = replace(
        lifecycle.patience, say=lambda _: story.server.objects.update({PATH: SUCCESSOR})
    )
    replace(lifecycle, patience=successor).delete("a/b", config_map())
    assert story.server.objects[PATH] is SUCCESSOR


def test_a_deletion_spares_an_object_that_took_the_name_before() -> None:
    story = Story()
    story.server.put(PATH, config_map())
    story.server.objects[PATH]["metadata"]["uid"] = "first"
    story.server.faults = [httpx.Response(200, json=SUCCESSOR)]
    story.of(CONFIG_MAP).delete("a/b", config_map())
    assert PATH in story.server.objects


def test_skip_await_does_not_skip_the_end_of_other_kinds() -> None:
    story = Story()
    story.server.put(PATH, config_map())
    story.server.finalizing.add(PATH)
    with pytest.raises(AwaitError):
        story.of(CONFIG_MAP).delete("a/b", config_map(**{"pulumi.com/skipAwait": "true"}))


def test_a_namespace_that_is_still_on_its_way_is_waited_for() -> None:
    story = Story()
    story.server.faults = [answer(404, "no object yet"), answer(404, "no namespace yet")]
    assert story.of(CONFIG_MAP, within_s=5).create(config_map())[0] == "a/b"
    story.server.faults = [answer(404, "no object yet"), answer(422, "no such field")]
    with pytest.raises(ApiError, match="no such field"):
        story.of(CONFIG_MAP, within_s=5).create(config_map())


def test_a_connection_that_breaks_once_is_no_failure() -> None:
    story = Story()
    story.server.faults = [httpx.ConnectError("refused"), httpx.ReadError("reset")]
    story.of(CONFIG_MAP).create(config_map())
    story.server.faults = [httpx.ConnectError("refused")] * 3
    with pytest.raises(ClusterError, match="unreachable: refused"):
        story.of(CONFIG_MAP).update("a/b", config_map())


def test_a_warning_of_the_api_server_is_shown() -> None:
    story = Story()
    story.server.warnings = ["unknown field spec.x"]
    story.of(CONFIG_MAP).create(config_map())
    assert story.said == ["unknown field spec.x"]


def test_skip_await_leaves_a_deployments_pods_to_the_cluster() -> None:
    story = Story()
    story.server.put(WEB, deployment())
    story.server.finalizing.add(WEB)
    story.of(DEPLOYMENT).delete("a/web", deployment(**{"pulumi.com/skipAwait": "true"}))


def test_a_refresh_reads_drift_and_absence() -> None:
    story = Story()
    assert story.of(CONFIG_MAP).read("a/b", config_map()) is None
    story.server.put(PATH, config_map("drifted"))
    found = story.of(CONFIG_MAP).read("a/b", config_map())
    assert found is not None
    assert found[0]["data"] == {"x": "drifted"}
