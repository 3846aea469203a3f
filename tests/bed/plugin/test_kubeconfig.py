"""Kubeconfigs: contents or path, contexts, tokens, and errors that quote nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bed.plugin.errors import ClusterError
from tests.bed.plugin.kubeconfig import cluster_of
from tests.bed.plugin.settings import settings_of, unserved_options
from tests.bed.plugin.wire import UNKNOWN, Secret


def kubeconfig(**user: Any) -> str:
    return json.dumps(
        {
            "current-context": "dev",
            "contexts": [
                {"name": "dev", "context": {"cluster": "c", "user": "u"}},
                {"name": "ops", "context": {"cluster": "c", "namespace": "ops"}},
            ],
            "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1/"}}],
            "users": [{"name": "u", "user": user}],
        }
    )


def test_contents_are_taken_as_they_are() -> None:
    cluster = cluster_of({"kubeconfig": kubeconfig(token="t0ken")})
    assert cluster.server == "http://127.0.0.1:1"
    assert cluster.namespace == "default"
    assert cluster.headers == {"Authorization": "Bearer t0ken"}
    assert "t0ken" not in repr(cluster)


def test_a_path_is_read_and_files_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("fr0mfile\n")
    (tmp_path / "config").write_text(kubeconfig(tokenFile="token"))
    cluster = cluster_of({"kubeconfig": str(tmp_path / "config")})
    assert cluster.headers == {"Authorization": "Bearer fr0mfile"}


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(kubeconfig())
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert cluster_of({"context": "ops"}).namespace == "ops"


def test_a_context_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ClusterError, match="no context 'prod'; it has: dev, ops"):
        cluster_of({"kubeconfig": kubeconfig(), "context": "prod"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"cannot read the kubeconfig .*nowhere"):
        cluster_of({"kubeconfig": str(tmp_path / "nowhere")})


@pytest.mark.parametrize("text", ["token: s3cret: {", "s3cret\nlist"])
def test_what_is_no_kubeconfig_is_not_quoted(text: str) -> None:
    with pytest.raises(ClusterError) as caught:
        cluster_of({"kubeconfig": f"{text}\n"})
    assert "s3cret" not in str(caught.value)


def test_login_commands_are_refused_in_words() -> None:
    with pytest.raises(ClusterError, match="no login commands"):
        cluster_of({"kubeconfig": kubeconfig(exec={"command": "aws"})})


def test_settings_tell_what_is_known() -> None:
    settings = settings_of({"kubeconfig": Secret(kubeconfig()), "upsertExistingObjects": "true"})
    assert settings.upserts()
    assert settings.namespace() == "default"
    pending = settings_of({"kubeconfig": UNKNOWN})
    assert pending.namespace() == "default"
    with pytest.raises(ClusterError, match="not known before the update"):
        pending.cluster()


def test_options_that_the_stand_in_lacks_are_named_when_they_are_on() -> None:
    given = {"renderYamlToDirectory": "/out", "enablePatchForce": "false", "version": "4.34.2"}
    assert unserved_options(given) == ["renderYamlToDirectory"]
