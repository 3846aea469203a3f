"""Every request is counted once, on a real Prometheus: replicas, gaps, resets, a lost history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from canary.core.seen import Side
from canary.errors import MetricsError
from tests.contracts.scraping import CANARY, PRIMARY, Counting, Replica, Scraper, scraping
from tests.fakes.web import serving

pytestmark = pytest.mark.bed

INTERVAL, INTERVAL_S = "250ms", 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Two replicas of Traefik, a third that was never scraped so far, and who scrapes them."""

    one: Replica
    other: Replica
    late: Replica
    prometheus: Scraper


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    one, other, late = Replica(), Replica(), Replica(down=True)
    with ExitStack() as stack:
        webs = [stack.enter_context(serving(one.expose)) for one in (one, other, late)]
        directory, urls = tmp_path_factory.mktemp("prometheus"), [web.url for web in webs]
        prometheus = stack.enter_context(scraping(directory, urls, interval=INTERVAL))
        yield Stage(one=one, other=other, late=late, prometheus=prometheus)


@pytest.fixture
def counting(stage: Stage) -> Counting:
    """A run that begins now, at whatever the counters have come to."""
    for replica in (stage.one, stage.other):
        replica.answer(PRIMARY, 100)
        replica.reloads += 3  # by which a restart shows whose counters have caught up
        replica.await_scrape()
    counting = Counting(metrics=stage.prometheus.metrics)
    counting.look()
    counting.counted.clear()
    return counting


def test_replicas_are_added_up(stage: Stage, counting: Counting) -> None:
    stage.one.answer(CANARY, 3)
    stage.other.answer(CANARY, 4)
    stage.other.answer(PRIMARY, 20)
    stage.other.await_scrape()
    counting.await_canary(7)
    assert counting.counted[Side.PRIMARY] == 20


def test_what_is_answered_while_scrapes_fail_is_counted_after_them(
    stage: Stage, counting: Counting
) -> None:
    stage.one.answer(CANARY, 3)
    counting.await_canary(3)
    stage.one.down = True
    stage.one.answer(CANARY, 5)
    for _ in range(2):
        stage.other.await_scrape()
    stage.other.answer(CANARY, 1)
    counting.await_canary(4)
    stage.one.down = False
    counting.await_canary(9)
    assert counting.longest_s > 3 * INTERVAL_S


@pytest.mark.parametrize("caught_up", [False, True])
def test_a_replica_that_restarted_counts_from_zero(
    stage: Stage,
    counting: Counting,
    caught_up: bool,  # noqa: FBT001
) -> None:
    stage.one.answer(CANARY, 10)
    stage.other.answer(CANARY, 20)
    counting.await_canary(30)
    since = stage.one.counts[CANARY] + 5 if caught_up else 2
    stage.one.restart({CANARY: since})
    counting.await_canary(30 + since)
    stage.other.answer(CANARY, 1)
    stage.one.answer(CANARY, 1)
    counting.await_canary(32 + since)


def test_what_a_replica_answered_before_its_first_scrape_is_not_guessed(
    stage: Stage, counting: Counting
) -> None:
    stage.late.answer(CANARY, 500)  # of before this run, for all that anybody knows
    stage.late.down = False
    stage.late.await_scrape()
    counting.look()
    stage.late.answer(CANARY, 6)
    stage.one.answer(CANARY, 1)
    counting.await_canary(7)


@pytest.mark.parametrize("forgets", [False, True])
def test_a_prometheus_that_restarts_loses_nothing_that_was_to_be_had(
    stage: Stage,
    counting: Counting,
    forgets: bool,  # noqa: FBT001
) -> None:
    stage.one.answer(CANARY, 10)
    stage.other.answer(CANARY, 1)
    counting.await_canary(11)
    stage.prometheus.kill()
    with pytest.raises(MetricsError) as refused:
        counting.look()
    assert refused.value.retryable
    stage.other.answer(CANARY, 2)
    stage.one.answer(CANARY, 8)
    stage.one.restart({CANARY: 4})  # of those 8 nobody will ever know
    if forgets:
        stage.prometheus.forget()
    stage.prometheus.start()
    counting.await_canary(11 + 2 + 4)
