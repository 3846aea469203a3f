"""A shared platform for the session, and a world of its own for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bed.cluster import Bed
from tests.e2e.shared import Platform, platform
from tests.e2e.world import World

BED = "e2e"  # not the bed of other tests: those delete Traefik's definitions under our feet


def bed_name() -> str:
    """CANARY_BED_NAME lets two people test side by side."""
    return os.environ.get("CANARY_BED_NAME", BED)


@pytest.fixture(scope="session")
def shared_platform() -> Iterator[Platform]:
    """Traefik, Prometheus and the load tester, installed by the program itself."""
    with platform(Bed(bed_name())) as found:
        yield found


@pytest.fixture
def world(shared_platform: Platform, tmp_path: Path) -> Iterator[World]:
    """A stack without apps so far, and an empty namespace's name."""
    made = World(shared_platform, tmp_path, f"t{uuid.uuid4().hex[:8]}")
    try:
        made.project.init()
        yield made
    finally:
        made.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Show what the cluster said about a failed test's namespace, before the world is closed."""
    report = yield
    found = getattr(item, "funcargs", {}).get("world")
    if report.when == "call" and report.failed and isinstance(found, World):
        report.sections.append(("Kubernetes Events", found.events()))
    return report
