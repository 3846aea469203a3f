"""What tests of any kind share: the embedded cluster."""

from __future__ import annotations

import pytest

from tests.bed.cluster import Bed


@pytest.fixture(scope="session")
def bed() -> Bed:
    """The running cluster, started if need be; one that cannot start fails the test."""
    return Bed().up(print)
