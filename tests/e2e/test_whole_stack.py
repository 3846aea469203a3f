"""The dev stack as it is committed, on a cluster that is empty: from nothing to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.bed.cluster import Bed
from tests.e2e.conftest import bed_name
from tests.e2e.project import CHECKOUT, Project
from tests.e2e.waiting import await_

pytestmark = pytest.mark.bed

DEV = CHECKOUT / "stacks" / "Pulumi.dev.yaml"
# What the cluster itself writes all the time.
RESTLESS = ("events", "events.events.k8s.io", "leases.coordination.k8s.io", "componentstatuses")


@pytest.fixture
def empty() -> Iterator[Bed]:
    """A bed of the test's own: definitions belong to a whole cluster, and others need theirs."""
    bed = Bed(f"{bed_name()}-whole").up(print)
    try:
        yield bed
    finally:
        bed.down()


def test_the_dev_stack_comes_and_goes_and_leaves_nothing(empty: Bed, tmp_path: Path) -> None:
    before = objects(empty)
    project = Project(empty, tmp_path, "dev")
    project.init()
    committed = yaml.safe_load(DEV.read_text())["config"]
    project.write({key.removeprefix("canary:"): value for key, value in committed.items()})
    project.up()
    made = objects(empty) - before
    assert "customresourcedefinition.apiextensions.k8s.io/traefikservices.traefik.io" in made
    assert "deployment.apps/traefik" in made

    for again in (project.refresh(), project.up()):
        assert set(again.counts) == {"unchanged"}
    assert objects(empty) - before == made

    project.destroy()
    assert project.export() == {}
    await_(lambda: objects(empty) == before, "the cluster as it was", 30)


def objects(bed: Bed) -> set[str]:
    """The kind and name of everything in the cluster that can be listed and deleted."""
    listed = bed.kubectl("api-resources", "--verbs=list,delete", "--output=name").split()
    kinds = ",".join(kind for kind in listed if kind not in RESTLESS)
    found = bed.kubectl("get", kinds, "--all-namespaces", "--output=name", "--ignore-not-found")
    return set(found.split())
