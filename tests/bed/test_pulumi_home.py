"""Which plugins the CLI finds: the real ones where they are, the stand-ins elsewhere."""

import os
from pathlib import Path

import pytest

from tests.bed.pulumi_home import STAND_IN, plugins_in_use, pulumi_env

KUBERNETES = "pulumi-resource-kubernetes"


@pytest.fixture(autouse=True)
def nothing_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "users-home"))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def launcher(env: dict[str, str], name: str) -> Path:
    [found] = Path(env["PULUMI_HOME"], "plugins").glob(f"*/{name}")
    return found


def test_the_stand_ins_are_used_where_nothing_else_is(tmp_path: Path) -> None:
    env = pulumi_env(tmp_path / "bin", tmp_path / "state")
    assert plugins_in_use() == {"pulumi-language-python": STAND_IN, KUBERNETES: STAND_IN}
    for name in plugins_in_use():
        assert "tests.bed." in launcher(env, name).read_text()
        assert os.access(launcher(env, name), os.X_OK)


def test_a_real_plugin_on_path_is_used_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = program(tmp_path / "real" / KUBERNETES)
    monkeypatch.setenv("PATH", f"{real.parent}:/usr/bin:/bin")
    assert plugins_in_use()[KUBERNETES] == f"real: {real}"
    env = pulumi_env(tmp_path / "bin", tmp_path / "state")
    assert str(real) in launcher(env, KUBERNETES).read_text()


def test_a_real_plugin_in_the_users_home_is_used_too(tmp_path: Path) -> None:
    plugins = tmp_path / "users-home" / "plugins"
    real = program(plugins / "resource-kubernetes-v4.30.0" / KUBERNETES)
    assert plugins_in_use()[KUBERNETES] == f"real: {real}"
    env = pulumi_env(tmp_path / "bin", tmp_path / "state")
    assert str(real) in launcher(env, KUBERNETES).read_text()


def test_our_own_launchers_are_not_taken_for_real_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = pulumi_env(tmp_path / "bin", tmp_path / "state")
    monkeypatch.setenv("PULUMI_HOME", env["PULUMI_HOME"])
    assert plugins_in_use()[KUBERNETES] == STAND_IN


def test_everything_stays_on_this_machine(tmp_path: Path) -> None:
    env = pulumi_env(tmp_path / "bin", tmp_path / "state")
    assert Path(env["PULUMI_BACKEND_URL"].removeprefix("file://")).is_dir()
    assert env["PATH"].startswith(f"{tmp_path / 'bin'}:")
    assert env["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert env["PULUMI_SKIP_UPDATE_CHECK"] == "true"
