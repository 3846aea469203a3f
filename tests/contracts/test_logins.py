"""Credentials that expire while a run is on its way: read anew after a refusal, and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canary.adapters.cluster.kubernetes import Cluster
from canary.errors import ClusterError
from tests.fakes.cluster import FakeCluster

PATH = "/api/v1/namespaces/test/services/podinfo"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as fake:
        fake.put(PATH.rpartition("/")[0], {"metadata": {"name": "podinfo"}, "spec": {}})
        yield fake


def kubeconfig(server: FakeCluster, directory: Path, user: dict[str, Any]) -> str:
    config = json.loads(server.kubeconfig())
    config["users"][0]["user"] = user
    path = directory / "kubeconfig"
    path.write_text(json.dumps(config))
    return str(path)


def by_token_file(server: FakeCluster, directory: Path) -> tuple[Path, Cluster]:
    """A cluster whose login is a file with the token "first"."""
    token = directory / "token"
    token.write_text("first")
    server.tokens = {"first"}
    path = kubeconfig(server, directory, {"tokenFile": str(token)})
    return token, Cluster.connect(kubeconfig_path=path)


def test_a_token_file_is_read_again_once_its_token_is_refused(
    server: FakeCluster, tmp_path: Path
) -> None:
    token, cluster = by_token_file(server, tmp_path)
    cluster.read(PATH)
    server.tokens = {"second"}
    token.write_text("second")
    server.calls.clear()
    assert cluster.read(PATH)["metadata"]["name"] == "podinfo"
    cluster.read(PATH)
    assert len(server.calls) == 3, "refused once, then as before"


def test_a_kubeconfig_that_was_written_anew_is_read_again(
    server: FakeCluster, tmp_path: Path
) -> None:
    """As `aws eks update-kubeconfig` or a person's login does it."""
    server.tokens = {"first"}
    cluster = Cluster.connect(kubeconfig_path=kubeconfig(server, tmp_path, {"token": "first"}))
    cluster.read(PATH)
    server.tokens = {"second"}
    kubeconfig(server, tmp_path, {"token": "second"})
    assert cluster.read(PATH)["metadata"]["name"] == "podinfo"


def test_a_write_that_was_refused_for_its_token_is_sent_again(
    server: FakeCluster, tmp_path: Path
) -> None:
    token, cluster = by_token_file(server, tmp_path)
    server.tokens = {"second"}
    token.write_text("second")
    cluster.patch(PATH, {"metadata": {"labels": {"a": "b"}}})
    assert server.objects.read(PATH)["metadata"]["labels"] == {"a": "b"}


def test_what_is_refused_with_fresh_credentials_too_is_one_line(
    server: FakeCluster, tmp_path: Path
) -> None:
    server.tokens = {"another"}
    cluster = Cluster.connect(kubeconfig_path=kubeconfig(server, tmp_path, {"token": "mine"}))
    server.calls.clear()
    with pytest.raises(ClusterError, match="token expired or refused") as caught:
        cluster.read(PATH)
    assert "log in again" in str(caught.value)
    assert "mine" not in str(caught.value)
    assert len(server.calls) == 2
