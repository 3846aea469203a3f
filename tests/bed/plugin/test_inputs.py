"""What is sent, what the program sees, and what a refresh reads."""

import base64
from typing import Any

from tests.bed.plugin.inputs import (
    live_inputs,
    manifest_of,
    outputs_of,
    preview_of_change,
    preview_of_new,
)
from tests.bed.plugin.wire import UNKNOWN, Secret

HUNTER = base64.b64encode(b"hunter22").decode()
LIVE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web",
        "labels": {"a": "b"},
        "uid": "1",
        "resourceVersion": "7",
        "generation": 2,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{}],
    },
    "spec": {
        "replicas": 3,
        "paused": None,
        "template": {"cpu": "1", "memory": "512Mi", "env": [{"name": "A", "value": "x"}]},
    },
    "status": {"replicas": 3},
}


def test_plain_texts_of_a_secret_are_sent_as_its_data() -> None:
    inputs = {"kind": "Secret", "stringData": Secret({"p": "hunter22"}), "data": {"q": "eA=="}}
    assert manifest_of(inputs) == {"kind": "Secret", "data": {"p": HUNTER, "q": "eA=="}}


def test_the_status_is_never_sent() -> None:
    assert manifest_of({"kind": "Thing", "status": {}, "spec": {}}) == {"kind": "Thing", "spec": {}}


def test_outputs_are_the_live_object_without_what_nobody_reads() -> None:
    outputs = outputs_of(LIVE, {"spec": {"template": {"env": [{"value": Secret("x")}]}}})
    assert outputs["status"] == {"replicas": 3}
    assert "managedFields" not in outputs["metadata"]
    assert "paused" not in outputs["spec"]
    assert outputs["spec"]["template"]["env"][0]["value"] == Secret("x")


def test_a_secrets_data_is_secret_even_if_the_program_forgot_to_say_so() -> None:
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {}, "data": {"p": HUNTER}}
    outputs = outputs_of(live, {"stringData": {"p": "hunter22"}})
    assert outputs["data"] == Secret({"p": HUNTER})
    assert outputs["stringData"] == Secret({"p": "hunter22"})


def test_the_read_inputs_show_drift_and_nothing_that_others_own() -> None:
    old = {"kind": "Deployment", "spec": {"template": {"cpu": "2"}}, "metadata": {"name": "web"}}
    assert live_inputs(LIVE, old) == old | {"spec": {"template": {"cpu": "1"}}}


def test_one_quantity_in_two_spellings_is_no_drift() -> None:
    old = {"spec": {"template": {"cpu": "1000m", "memory": "0.5Gi"}, "paused": False}}
    assert live_inputs(LIVE, old) == old


def test_secret_inputs_stay_secret_and_their_drift_shows() -> None:
    live = {"kind": "Secret", "metadata": {}, "data": {"p": HUNTER}}
    old = {"kind": "Secret", "stringData": Secret({"p": "before"})}
    assert live_inputs(live, old) == {"kind": "Secret", "stringData": Secret({"p": "hunter22"})}


def test_an_import_takes_everything_but_the_servers_own_fields() -> None:
    inputs = live_inputs(LIVE, {})
    assert inputs["metadata"] == {"name": "web", "labels": {"a": "b"}}
    assert inputs["spec"] == LIVE["spec"]
    assert "status" not in inputs
    secret = {"kind": "Secret", "metadata": {}, "data": {"p": HUNTER}}
    assert live_inputs(secret, {})["data"] == Secret({"p": HUNTER})


def test_a_preview_of_a_new_object_leaves_to_the_server_what_it_decides() -> None:
    service = {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": []}}
    outputs = preview_of_new(service)
    assert outputs["metadata"]["name"] == "a"
    assert outputs["metadata"]["uid"] is UNKNOWN
    assert outputs["spec"] == {"ports": [], "clusterIP": UNKNOWN, "clusterIPs": UNKNOWN}
    assert outputs["status"] is UNKNOWN


def test_a_preview_of_a_change_knows_what_will_stay() -> None:
    old = {"metadata": {"uid": "1", "resourceVersion": "7"}, "spec": {"a": 1, "b": 2}}
    outputs = preview_of_change({"spec": {"a": 3}}, old)
    assert outputs["spec"] == {"a": 3, "b": 2}
    assert outputs["metadata"]["uid"] == "1"
    assert outputs["metadata"]["resourceVersion"] is UNKNOWN
