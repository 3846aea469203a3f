"""The dev stack as it is committed, on a cluster that is empty: from nothing to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.bed.cluster import Bed
from tests.bed.errors import BedError
from tests.e2e.conftest import bed_name
from tests.e2e.project import CHECKOUT, Project
from tests.e2e.shared import await_furnished
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
    await_furnished(empty)
    before = objects(empty)
    project = Project(empty, tmp_path, "dev")
    project.init()
    committed = yaml.safe_load(DEV.read_text())["config"]
    settings = {key.removeprefix("canary:"): value for key, value in committed.items()}
    project.write({**settings, "networkPolicies": {"install": True}})
    project.up()
    made = objects(empty) - before
    assert "customresourcedefinition.apiextensions.k8s.io/traefikservices.traefik.io" in made
    assert "deployment.apps/traefik" in made
    assert "networkpolicy.networking.k8s.io/traefik" in made
    for name in sorted(made):
        if name.startswith("namespace/"):
            restart_restricted(empty, name.removeprefix("namespace/"))
    made = objects(empty) - before  # pods have other names now

    for again in (project.refresh(), project.up()):
        assert set(again.counts) == {"unchanged"}
    assert objects(empty) - before == made

    project.destroy()
    assert project.export() == {}
    await_(lambda: objects(empty) == before, "the cluster as it was", 90)


def restart_restricted(bed: Bed, namespace: str) -> None:
    """Start every pod of a namespace anew, now that only restricted ones are admitted."""
    bed.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    everything = ("-n", namespace, "delete", "pods", "--all", "--wait=true")
    bed.kubectl(*everything, "--grace-period=1")
    waiting = ("-n", namespace, "wait", "--for=condition=Available", "--timeout=120s")
    bed.kubectl(*waiting, "deployments", "--all")
    # Which may be what was said of the old pods.
    await_(lambda: all_pods_ready(bed, namespace), f"new pods in {namespace}", 120)
    loose = ("run", "loose", "--image=nowhere/none:1", "--dry-run=server")
    with pytest.raises(BedError, match="violates PodSecurity"):
        bed.kubectl("-n", namespace, *loose)


def all_pods_ready(bed: Bed, namespace: str) -> bool:
    """Whether there are as many ready pods as the Deployments ask for."""
    get = ("-n", namespace, "get")
    wanted = bed.kubectl(*get, "deployments", "-o=jsonpath={.items[*].spec.replicas}").split()
    status = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
    ready = bed.kubectl(*get, "pods", f"-o=jsonpath={status}").split()
    return ready.count("True") == sum(map(int, wanted))


def objects(bed: Bed) -> set[str]:
    """The kind and name of everything in the cluster that can be listed and deleted."""
    listed = bed.kubectl("api-resources", "--verbs=list,delete", "--output=name").split()
    kinds = ",".join(kind for kind in listed if kind not in RESTLESS)
    found = bed.kubectl("get", kinds, "--all-namespaces", "--output=name", "--ignore-not-found")
    return set(found.split())
