"""What everything that is measured runs on."""

from __future__ import annotations

from pathlib import Path

from tests.bed.cluster import Bed
from tests.e2e.project import Project
from tests.e2e.settings import PLATFORM, merged
from tests.e2e.shared import Platform, is_scraped
from tests.e2e.waiting import await_

SCRAPED_WITHIN_S = 60.0


def platform(bed: Bed, directory: Path) -> Platform:
    """Traefik, and a Prometheus as the peer's tutorial has it; no other load."""
    project = Project(bed, directory / "platform", "platform")
    project.init()
    changes = {"traefik": {"replicas": 1}, "prometheus": {"scrapeInterval": "5s"}}
    project.write(merged(PLATFORM, changes))
    project.up()
    await_(lambda: is_scraped(bed), "Prometheus's first sample of Traefik", SCRAPED_WITHIN_S)
    address = ("-n", "traefik", "get", "service", "traefik", "-o", "jsonpath={.spec.clusterIP}")
    return Platform(bed, bed.kubectl(*address))
