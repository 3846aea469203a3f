"""What a newcomer sees before anything is touched: plans of the stacks, and what is wrong."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bed.cluster import Bed
from tests.e2e.conftest import bed_name
from tests.e2e.project import CHECKOUT, Project, Result
from tests.e2e.settings import ELSEWHERE, GOOD, Config, merged, podinfo
from tests.e2e.shared import await_furnished, shared

pytestmark = pytest.mark.bed

FOREIGN = "taken"  # a namespace with objects of somebody else
SECRET = "hunter2"
HANGS_S = 60.0  # a look ends after five seconds: what takes so long has waited for an answer


@pytest.fixture(scope="module")
def bare() -> Iterator[Bed]:
    """A cluster on which nothing is installed yet, except by somebody else."""
    with shared(Bed(f"{bed_name()}-bare"), _settle_somebody_else) as bed:
        yield bed


@pytest.mark.parametrize(
    ("stack", "plan"),
    [
        (
            "staging",
            (
                "podinfo: 10 → 30 → 60 %, then 100 %: 3 steps of 20s, soak 20s",
                "at least 1m20s once the new pods are ready",
                "check request-success-rate: at least 99 % without a 5xx",
                "hooks pre-rollout: way-in",
            ),
        ),
        (
            "prod",
            (
                "podinfo: 5 → 10 → 15 → … → 50 %, then 100 %: 10 steps of 1m, soak 5m",
                "at least 15m once the new pods are ready",
                "check request-success-rate: at least 99.5 % without a 5xx",
                "check request-duration: 99 % within 300 ms",
            ),
        ),
    ],
)
def test_the_stacks_of_the_repository_preview(
    bare: Bed, tmp_path: Path, stack: str, plan: tuple[str, ...]
) -> None:
    project = Project(bare, tmp_path / "project", stack)
    project.init()
    shutil.copy(CHECKOUT / "stacks" / f"Pulumi.{stack}.yaml", project.directory / "stacks")
    before = _everything(bare)
    preview = project.preview()
    for line in plan:
        assert line in preview.text
    for kind in ("Deployment", "Retirement", "Rollout", "IngressRoute"):
        assert preview.lines(kind), preview.text
    assert "warning" not in preview.text
    assert _everything(bare) == before
    project.close(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A stack's configuration, and the lines with which its preview (or update) fails."""

    config: Config
    lines: tuple[str, ...]
    update: bool = False


def _app(**changes: Any) -> Config:
    app = merged(podinfo(GOOD, "new", "app.test"), changes)
    return {"prometheus": {"scrapeInterval": "1s"}, "apps": {"podinfo": app}}


CASES = {
    "a context that does not exist": Case(
        config=_app() | {"kubernetes": {"context": "nowhere"}},
        lines=("context `nowhere` does not exist in the kubeconfig; it has: bed",),
    ),
    "no cluster": Case(
        config=_app() | {"kubernetes": {"kubeconfig": "nobody.kubeconfig"}},
        lines=("refused",),
    ),
    "a token that is not good any more": Case(
        config=_app() | {"kubernetes": {"kubeconfig": "expired.kubeconfig"}},
        lines=("401",),
    ),
    "nothing of what exists elsewhere, and a name that is taken": Case(
        config=merged(_app(namespace=FOREIGN, createNamespace=False), ELSEWHERE),
        lines=(
            "Traefik's CRDs are not installed",
            "no Traefik in namespace traefik",
            "Prometheus",
            "Service podinfo in namespace taken exists and is not ours",
        ),
        update=True,
    ),
    "a configuration with many mistakes": Case(
        config=merged(
            _app(
                replica=3,
                host="Not A Host",
                drain="1mm",
                analysis={
                    "interval": 10,
                    "stepWeights": [50, 20],
                    "metrics": [
                        {"name": "request-success-rate", "thresholdRange": {"min": 99, "max": 1}}
                    ],
                    "webhooks": [
                        {"name": "a", "type": "rolluot", "url": f"http://me:{SECRET}@tester.ci/"}
                    ],
                },
            ),
            {"promtheus": {"install": False}, "traefik": {"replicas": "many"}},
        ),
        lines=(
            "canary:promtheus: is unknown; did you mean prometheus?",
            "canary:traefik.replicas: must be a number",
            "canary:apps.podinfo.replica: is unknown; did you mean replicas?",
            "canary:apps.podinfo.host: ",
            "canary:apps.podinfo.drain: ",
            "canary:apps.podinfo.analysis.interval: ",
            "canary:apps.podinfo.analysis.stepWeights: ",
            "canary:apps.podinfo.analysis.metrics[0].thresholdRange: ",
            "canary:apps.podinfo.analysis.webhooks[0].type: ",
            "canary:apps.podinfo.analysis.webhooks[0].url: ",
        ),
    ),
    "two apps with one host and path": Case(
        config=merged(_app(), {"apps": {"other": podinfo(GOOD, "new", "app.test")}}),
        lines=("canary:apps.podinfo.host: canary:apps.other has host app.test and path / too",),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_wrong_is_said_before_anything_is_touched(
    bare: Bed, tmp_path: Path, case: Case
) -> None:
    project = Project(bare, tmp_path / "project", f"p-{uuid.uuid4().hex[:8]}")
    project.init()
    _write_kubeconfigs(bare, project.directory)
    project.write(case.config)
    before = _everything(bare)
    command = project.up if case.update else project.preview
    _explained(command(fails=True), case.lines)
    assert {body["type"] for body in project.export().values()} <= {"pulumi:pulumi:Stack"}
    assert _everything(bare) == before
    project.close(())


def _explained(refused: Result, lines: tuple[str, ...]) -> None:
    for line in lines:
        assert line in refused.text, refused.text
    assert "Traceback" not in refused.text
    assert SECRET not in refused.text
    assert refused.seconds < HANGS_S


def _everything(bed: Bed) -> set[str]:
    kinds = "namespaces,deployments,services,configmaps,serviceaccounts,customresourcedefinitions"
    return set(bed.kubectl("get", kinds, "-A", "--no-headers", "-o", "name").split())


def _settle_somebody_else(bed: Bed) -> None:
    """A Service of somebody else, by the name that our app would use."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FOREIGN}}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": FOREIGN},
        "spec": {"ports": [{"port": 80}]},
    }
    both = {"apiVersion": "v1", "kind": "List", "items": [namespace, service]}
    bed.kubectl("apply", "-f", "-", stdin=json.dumps(both))
    await_furnished(bed)  # which must not look like something that a preview did


def _write_kubeconfigs(bed: Bed, directory: Path) -> None:
    """One that leads nowhere, and one with a token that nobody knows."""
    good = yaml.safe_load(bed.kubeconfig.read_text())
    server = good["clusters"][0]["cluster"]
    nowhere: Mapping[str, Any] = {**server, "server": "https://127.0.0.1:1"}
    bad = {"user": {"token": SECRET}, "name": good["users"][0]["name"]}
    for name, changes in (
        ("nobody", {"clusters": [{**good["clusters"][0], "cluster": nowhere}]}),
        ("expired", {"users": [bad]}),
    ):
        (directory / f"{name}.kubeconfig").write_text(yaml.safe_dump({**good, **changes}))
