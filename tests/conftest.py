"""What tests of any kind share: the embedded cluster."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

from tests.bed.cluster import Bed

# A test that is slow on a busy machine is not wrong, and one that failed must fail again.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

# A shell that begins a job in the background has it ignore Ctrl-C, and so would all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def bed() -> Bed:
    """The running cluster, started if need be; one that cannot start fails the test."""
    return Bed().up(print)
