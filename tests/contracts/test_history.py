"""The last ten reports survive races and faults, and never somebody else's ConfigMap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from canary.adapters.outlets.history import MOST_BYTES, RolloutHistory
from canary.errors import ClusterError, ConflictError, PortError
from tests.contracts.samples import report
from tests.fakes.cluster import FakeCluster, Fault

MAPS = "/api/v1/namespaces/test/configmaps"
PATH = f"{MAPS}/podinfo-rollouts"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


def history(server: FakeCluster) -> RolloutHistory:
    return RolloutHistory(server.connect(), app="podinfo", namespace="test", owner="me")


def reports(server: FakeCluster) -> list[dict[str, Any]]:
    """As anybody in the namespace reads them."""
    found: list[dict[str, Any]] = json.loads(server.objects.read(PATH)["data"]["reports.json"])
    return found


def test_the_latest_ten_are_kept_latest_first(server: FakeCluster) -> None:
    kept = history(server)
    for number in range(12):
        kept.keep(report(f"r{number}"))
    assert [entry["run"] for entry in reports(server)] == [f"r{n}" for n in range(11, 1, -1)]
    assert reports(server)[0] == json.loads(report("r11").to_json())


def test_reports_that_are_too_long_make_room_for_the_latest(server: FakeCluster) -> None:
    """An API server takes a ConfigMap of 1 MiB at most."""
    kept = history(server)
    for number in range(4):
        kept.keep(replace(report(f"r{number}"), reason="x" * (MOST_BYTES // 3)))
    assert [entry["run"] for entry in reports(server)] == ["r3", "r2"]


def test_two_writers_lose_nothing(server: FakeCluster) -> None:
    kept = history(server)
    kept.keep(report("r0"))
    # Every replace meets a conflict once, as if somebody had just written.
    server.faults.append(Fault(method="PUT", status=409))
    kept.keep(report("r1"))
    assert [entry["run"] for entry in reports(server)] == ["r1", "r0"]


def test_endless_conflicts_end(server: FakeCluster) -> None:
    kept = history(server)
    kept.keep(report("r0"))
    server.faults.append(Fault(method="PUT", status=409, times=99))
    with pytest.raises(ConflictError):
        kept.keep(report("r1"))
    assert sum(1 for call in server.calls if call.startswith("PUT")) == 4


def test_nonsense_in_the_map_is_replaced(server: FakeCluster) -> None:
    kept = history(server)
    kept.keep(report("r0"))
    server.edit(PATH, {"data": {"reports.json": "{nonsense"}})
    kept.keep(report("r1"))
    assert [entry["run"] for entry in reports(server)] == ["r1"]


def test_somebody_elses_map_is_left_alone(server: FakeCluster) -> None:
    server.put(MAPS, {"metadata": {"name": "podinfo-rollouts"}, "data": {"a": "b"}})
    with pytest.raises(ConflictError, match="exists and is not ours"):
        history(server).keep(report("r0"))
    with pytest.raises(ConflictError, match="exists and is not ours"):
        history(server).remove()
    assert server.objects.read(PATH)["data"] == {"a": "b"}


def test_a_refusal_is_the_callers_to_judge(server: FakeCluster) -> None:
    server.faults.append(Fault(method="POST", status=403))
    with pytest.raises(ClusterError, match="not permitted"):
        history(server).keep(report("r0"))


def test_it_can_be_removed_twice(server: FakeCluster) -> None:
    kept = history(server)
    kept.keep(report("r0"))
    kept.remove()
    kept.remove()
    assert PATH not in server.objects.by_path


def test_a_map_deleted_in_between_is_made_again(server: FakeCluster) -> None:
    kept = history(server)
    kept.keep(report("r0"))
    server.faults.append(Fault(method="PUT", status=404))
    try:
        kept.keep(report("r1"))
    except PortError as error:
        pytest.fail(f"not healed: {error}")
    assert reports(server)[0]["run"] == "r1"
