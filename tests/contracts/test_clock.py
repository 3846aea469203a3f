"""The Clock port: what every clock promises, and what only the real one can show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from canary.adapters.clock import SystemClock
from tests.fakes.clock import FakeClock

AnyClock = SystemClock | FakeClock


@pytest.fixture(params=[SystemClock, FakeClock], ids=["real", "fake"])
def clock(request: pytest.FixtureRequest) -> AnyClock:
    make: Callable[[], AnyClock] = request.param
    return make()


def test_a_wait_lasts_as_long_as_asked(clock: AnyClock) -> None:
    before_s = clock.now_s()
    clock.wait(0.05)
    assert 0.05 <= clock.now_s() - before_s < 2.0


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_nothing_to_wait_for_returns_at_once(clock: AnyClock, seconds: float) -> None:
    before_s = clock.now_s()
    clock.wait(seconds)
    assert 0.0 <= clock.now_s() - before_s < 0.5


def test_wall_clock_and_monotonic_clock_run_alike(clock: AnyClock) -> None:
    monotonic_s, wall_s = clock.now_s(), clock.wall_s()
    clock.wait(0.05)
    assert clock.wall_s() - wall_s == pytest.approx(clock.now_s() - monotonic_s, abs=0.02)
    assert clock.wall_s() > 1_600_000_000


def test_the_fake_refuses_to_wait_for_ever() -> None:
    clock = FakeClock(limit_s=10.0)
    with pytest.raises(AssertionError, match="nothing ended this within 10 s"):
        clock.wait(11.0)


def test_the_fake_tells_the_world_that_time_passed() -> None:
    clock = FakeClock()
    ticks: list[float] = []
    clock.on_tick.append(ticks.append)
    clock.wait(1.5)
    clock.advance(0.5)
    assert ticks == [1.5, 2.0]
