"""What tests of the guard share: one at work on a fake API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.guarding import Bench
from tests.contracts.routing import api_world


@pytest.fixture
def bench() -> Iterator[Bench]:
    with api_world() as world:
        bench = Bench(world)
        yield bench
        bench.heartbeat.close()
