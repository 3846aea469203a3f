"""What the runs of one process share, and what they do not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from canary import access
from canary.adapters.cluster.kubernetes import Cluster
from canary.config import StackConfig
from canary.errors import ClusterError, LapsedError
from canary.shared import Shared, Sharing
from tests.contracts.crowd import at_once, results
from tests.fakes.cluster import FakeCluster

CONFIG = StackConfig.model_validate({})
OTHER = StackConfig.model_validate({"prometheus": {"scrapeInterval": "1s"}})
MAPS = "/api/v1/namespaces/test/configmaps"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


class Counted:
    """Connects, and keeps what it made."""

    def __init__(self) -> None:
        self.made: list[Cluster] = []

    def __call__(self, config: StackConfig, kubeconfig: str) -> Cluster:
        self.made.append(access.cluster(config, kubeconfig))
        return self.made[-1]


def test_runs_at_the_same_time_share_one_client_and_it_ends_with_the_last(
    server: FakeCluster,
) -> None:
    connect = Counted()
    sharing = Sharing(connect)
    with ExitStack() as runs:
        shared = [runs.enter_context(sharing.one(CONFIG, server.kubeconfig())) for _ in range(5)]
        assert len({id(one) for one in shared}) == 1
        shared[0].cluster.list_(MAPS)
    assert len(connect.made) == 1
    with pytest.raises(RuntimeError, match="closed"):
        connect.made[0].list_(MAPS)
    with sharing.one(CONFIG, server.kubeconfig()) as again:
        again.cluster.list_(MAPS)
    assert len(connect.made) == 2


def test_who_begins_at_once_logs_in_once(server: FakeCluster) -> None:
    connect, sharing = Counted(), Sharing()
    sharing = Sharing(connect)
    with ExitStack() as runs:

        def begin(_: int) -> Shared:
            return runs.enter_context(sharing.one(CONFIG, server.kubeconfig()))

        assert len({id(one) for one in results(at_once(begin, range(8)))}) == 1
    assert len(connect.made) == 1


def test_other_surroundings_or_credentials_are_not_shared(server: FakeCluster) -> None:
    sharing = Sharing()
    with (
        sharing.one(CONFIG, server.kubeconfig()) as one,
        sharing.one(OTHER, server.kubeconfig()) as other,
        sharing.one(CONFIG, f"{server.kubeconfig()} ") as third,
    ):
        assert len({id(each.cluster) for each in (one, other, third)}) == 3


def test_a_fence_is_each_runs_own(server: FakeCluster) -> None:
    def lapsed() -> None:
        raise LapsedError("paused")

    with Sharing().one(CONFIG, server.kubeconfig()) as shared:
        first, second = shared.cluster.fellow(), shared.cluster.fellow()
        first.fence(lapsed)
        with pytest.raises(LapsedError):
            first.create(MAPS, {"metadata": {"name": "a"}})
        second.create(MAPS, {"metadata": {"name": "b"}})
        shared.cluster.create(MAPS, {"metadata": {"name": "c"}})


def test_a_login_that_fails_is_tried_again_by_the_next(server: FakeCluster) -> None:
    sharing = Sharing()
    for _ in range(2):
        with pytest.raises(ClusterError, match="no contexts"), sharing.one(CONFIG, "{}"):
            raise AssertionError("never begun")
    with sharing.one(CONFIG, server.kubeconfig()) as shared:
        assert shared.cluster.list_(MAPS) == []


def test_connections_are_not_one_for_each_run(server: FakeCluster) -> None:
    with Sharing().one(CONFIG, server.kubeconfig()) as shared:
        fellows = [shared.cluster.fellow() for _ in range(40)]
        for fellow in fellows:
            fellow.list_(MAPS)
        pool = shared.cluster._connection._client._transport._pool  # type: ignore[attr-defined]
        assert pool.idle() == 1
