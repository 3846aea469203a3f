"""What a look says about a guard that is not at work."""

from __future__ import annotations

from typing import Any

import pytest

from canary.errors import ClusterError
from canary.preflight import LOST, Doors, Findings, Post, look
from tests.config.readers import (
    OWNER,
    AskedPrometheus,
    StoredCluster,
    installed,
    named,
    serving,
    traefik_pod,
)
from tests.config.samples import loaded

POST = Post(name="canary-guard-1", namespace="test")
PATH = "/apis/apps/v1/namespaces/test/deployments/canary-guard-1"
WHAT = "the guard canary-guard-1 in namespace test"


def found(objects: dict[str, Any], **others: Any) -> Findings:
    cluster = StoredCluster(objects=objects, pods=[traefik_pod()], **others)
    doors = Doors(cluster=cluster, prometheus=AskedPrometheus())
    return look(loaded(), lambda: doors, owner=OWNER, guard=POST)


def deployed(ready: int) -> dict[str, Any]:
    status = {"readyReplicas": ready} if ready else {}
    return {**serving(), PATH: named("Deployment", POST.name, status=status)}


def test_a_guard_at_work_is_not_worth_a_line() -> None:
    assert found(deployed(1)).warnings == ()


def test_one_without_a_ready_pod_is_warned_of_in_one_line() -> None:
    assert found(deployed(0)).warnings == (f"{WHAT} has no ready pod: {LOST}",)


def test_one_that_was_deleted_by_hand_is_warned_of_with_what_to_do() -> None:
    (warning,) = found(serving()).warnings
    assert warning.startswith(f"{WHAT} is not there; run `pulumi refresh` unless this update is")
    assert warning.endswith(LOST)


def test_one_that_the_first_update_will_install_is_not_missed() -> None:
    first = found({**installed(), "/api/v1/namespaces/test": named("Namespace", "test")})
    assert (first.warnings, first.problems) == ((), ())


@pytest.mark.parametrize("status", [403, 503])
def test_one_that_cannot_be_asked_for_is_a_problem(status: int) -> None:
    refusal = ClusterError("not now", status=status)
    assert found(deployed(1), refusals={PATH: refusal}).problems == ("not now",)
