"""The end-to-end tests' fixtures, on a bed of their own: here the API server itself is struck."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bed.cluster import Bed
from tests.e2e.conftest import pytest_runtest_makereport, world
from tests.e2e.shared import Platform, platform

__all__ = ["pytest_runtest_makereport", "world"]


@pytest.fixture(scope="session")
def shared_platform() -> Iterator[Platform]:
    """Traefik, Prometheus and the load tester, installed by the program itself."""
    with platform(Bed("chaos")) as found:
        yield found
