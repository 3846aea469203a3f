"""The look over real HTTP: what the API server's own refusals read like in the end."""

from __future__ import annotations

import json
import socket
from typing import Any

from canary import access
from canary.config import StackConfig, load
from canary.preflight import Doors, Findings, look
from tests.config.samples import stack
from tests.fakes.cluster import FakeCluster, Fault

PATIENCE_S = 60.0  # of a machine that carries many tests; the bound itself has tests of its own


def _look(kubeconfig: str, **kubernetes: Any) -> Findings:
    config = load(stack(kubeconfig=kubeconfig, kubernetes=kubernetes))
    return look(config, lambda: _doors(config), bound_s=PATIENCE_S)


def _doors(config: StackConfig) -> Doors:
    assert config.kubeconfig is not None
    api = access.cluster(config, config.kubeconfig.get_secret_value())
    return Doors(cluster=api, prometheus=access.prometheus(config, api))


def test_nothing_is_missed_in_an_empty_cluster_that_the_stack_will_create() -> None:
    with FakeCluster() as cluster:
        found = _look(cluster.kubeconfig())
    assert found == Findings(live={"podinfo": {}})
    assert {call.split()[0] for call in cluster.calls} == {"GET"}


def test_an_expired_token_is_one_line_without_the_token() -> None:
    with FakeCluster() as cluster:
        cluster.tokens = {"renewed"}
        found = _look(cluster.kubeconfig())
    assert len(found.problems) == 1
    assert "token expired or refused (401) for context `fake`" in found.problems[0]
    assert "valid" not in found.problems[0]


def test_a_context_that_does_not_exist() -> None:
    with FakeCluster() as cluster:
        found = _look(cluster.kubeconfig(), context="prod")
    assert found.problems == ("context `prod` does not exist in the kubeconfig; it has: fake",)


def test_a_cluster_that_is_gone() -> None:
    with FakeCluster() as cluster:
        kubeconfig = json.loads(cluster.kubeconfig())
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        kubeconfig["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{port}"
        found = _look(json.dumps(kubeconfig))
    assert len(found.problems) == 1
    assert "refused the connection" in found.problems[0]


def test_what_may_not_be_read_is_named_beside_everything_else() -> None:
    with FakeCluster() as cluster:
        cluster.faults.append(Fault(path="/services/podinfo", status=403))
        found = _look(cluster.kubeconfig())
    assert len(found.problems) == 1
    assert "not permitted for context `fake`" in found.problems[0]
