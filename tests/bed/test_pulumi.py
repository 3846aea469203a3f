"""The real CLI runs a small program on the bed, through the language host and the plugin."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.bed.cluster import Bed

pytestmark = pytest.mark.bed
IMAGE = "ghcr.io/stefanprodan/podinfo:6.9.2"
PROGRAM = """
import os, signal
signal.signal(signal.SIGINT, lambda *_: os._exit(1))  # the engine's way to end us when a step fails

import pulumi
import pulumi_kubernetes as k8s

config = pulumi.Config()
space = {"namespace": config.require("namespace")}
skip_await = {"pulumi.com/skipAwait": "true"}  # its end takes 5 s, and nobody needs the name again
namespace = k8s.core.v1.Namespace(
    "space", metadata={"name": space["namespace"], "annotations": skip_await}
)
inside = pulumi.ResourceOptions(depends_on=[namespace])
settings = k8s.core.v1.ConfigMap(
    "settings", metadata={**space, "name": "settings"}, data={"a": config.require("a")}, opts=inside
)
key = {"k": config.require_secret("k")}
k8s.core.v1.Secret("key", metadata=space, string_data=key, opts=inside)
apex = k8s.core.v1.Service(
    "apex", metadata={**space, "name": "apex"}, spec={"ports": [{"port": 80}]}, opts=inside
)
containers = [{"name": "app", "image": config.require("image")}]
pod = {"containers": containers, "terminationGracePeriodSeconds": 0}
patience = {"pulumi.com/timeoutSeconds": config.get("patience") or "120"}
k8s.apps.v1.Deployment(
    "web",
    metadata={**space, "name": "web", "annotations": patience},
    spec={
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
    },
    opts=inside,
)
pulumi.export("ip", apex.spec.cluster_ip)
pulumi.export("a", settings.data["a"])
"""


@dataclass
class Project:
    bed: Bed
    directory: Path
    namespace: str

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """What the CLI prints."""
        command = ["pulumi", *arguments, "--non-interactive", "--color=never"]
        with self.bed.popen(
            command, cwd=self.directory, stdout=PIPE, stderr=STDOUT, text=True
        ) as process:
            said, _ = process.communicate(timeout=300)
        assert (process.returncode != 0) == fails, said
        return str(said)

    def up(self, *arguments: str, fails: bool = False, **config: str) -> str:
        """Set the configuration and run `pulumi up`."""
        for key, value in config.items():
            self.pulumi("config", "set", key, value)
        return self.pulumi("up", "--yes", "--skip-preview", *arguments, fails=fails)

    @contextmanager
    def waiting(self) -> Iterator[subprocess.Popen[str]]:
        """An `up` that waits for a pod whose image cannot be pulled."""
        self.pulumi("config", "set", "image", "127.0.0.1:1/none:1")
        command = ["pulumi", "up", "--yes", "--skip-preview", "--color=never"]
        with self.bed.popen(
            command, cwd=self.directory, stdout=PIPE, stderr=STDOUT, text=True
        ) as process:
            assert process.stdout
            while "waiting for 1 available pods" not in process.stdout.readline():
                assert process.poll() is None
            yield process

    def processes(self) -> list[str]:
        """The command lines of all that works in the project's directory."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if (entry / "cwd").readlink() == self.directory:
                    found.append((entry / "cmdline").read_text())
        return found


@pytest.fixture
def project(bed: Bed, tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "__main__.py").write_text(PROGRAM)
    options = json.dumps({"virtualenv": sys.prefix})
    (tmp_path / "Pulumi.yaml").write_text(
        f"name: small\nruntime: {{name: python, options: {options}}}\n"
    )
    namespace = f"small-{uuid.uuid4().hex[:8]}"
    project = Project(bed, tmp_path, namespace)
    project.pulumi("stack", "init", namespace)
    plain = [f"namespace={namespace}", f"image={IMAGE}", "a=1"]
    config = [part for each in plain for part in ("--plaintext", each)]
    project.pulumi("config", "set-all", *config, "--secret", "k=hunter22")
    yield project
    project.pulumi("destroy", "--yes", "--skip-preview", "--remove")


def test_a_stack_from_preview_to_destroy(project: Project) -> None:
    said = project.pulumi("preview")
    assert "+ 6 to create" in said
    assert "ip: [unknown]" in said.replace("  ", " ")
    said = project.up()
    assert "+ 6 created" in said
    assert "$PATH" not in said  # no warning about where the plugins come from
    assert json.loads(project.pulumi("stack", "output", "--json"))["ip"].startswith("10.")
    assert "hunter22" not in project.pulumi("stack", "export")
    assert "6 unchanged" in project.pulumi("refresh", "--yes", "--skip-preview")
    assert "6 unchanged" in project.up()
    replaced = project.up(a="2")
    assert "+-1 replaced" in replaced
    assert replaced.index("deleted original") < replaced.index("created replacement")
    project.pulumi("destroy", "--yes", "--skip-preview")
    left = project.bed.kubectl("-n", project.namespace, "get", "all,secret", "--output=name")
    assert left == ""


def test_a_bad_image_fails_with_its_reason_and_is_put_right(project: Project) -> None:
    said = project.up(fails=True, image="127.0.0.1:1/none:1", patience="8")
    assert "timed out after 8 s: waiting for 1 available pods: 0 so far; pod web-" in said
    assert "Traceback" not in said
    said = project.up(image=IMAGE, patience="120")
    assert "~ 1 updated" in said


def test_drift_shows_and_names_its_owner(project: Project) -> None:
    project.up()
    drift = ["label", "configmap/settings", "who=me", "--field-manager=somebody"]
    project.bed.kubectl("-n", project.namespace, *drift)
    assert "6 unchanged" in project.pulumi("refresh", "--yes", "--skip-preview")
    project.bed.kubectl("-n", project.namespace, "delete", "service", "apex")
    assert "- 1 deleted" in project.pulumi("refresh", "--yes", "--skip-preview")
    assert "+ 1 created" in project.up()


def test_an_interrupt_ends_the_wait_and_keeps_the_state(project: Project) -> None:
    with project.waiting() as process:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "cancelled while waiting for 1 available pods" in rest
    state = json.loads(project.pulumi("stack", "export"))
    urns = [resource["urn"] for resource in state["deployment"]["resources"]]
    assert any(urn.endswith("::web") for urn in urns)


def test_nothing_outlives_a_killed_cli(project: Project) -> None:
    with project.waiting() as process:
        assert len(project.processes()) >= 4  # the CLI, program, language host and plugin
        process.kill()
    # A program has 5 s after its SIGINT, and a busy machine takes its time.
    deadline = time.monotonic() + 60
    while left := project.processes():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    project.pulumi("cancel", "--yes")
