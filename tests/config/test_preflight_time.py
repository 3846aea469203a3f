"""How long a look at the cluster may take: as long as it was given, longer for many apps."""

from __future__ import annotations

import sys
import threading
from functools import partial

import pytest

from canary.config import StackConfig, load
from canary.preflight import Doors, Findings, look
from canary.preflight.bounded import all_within
from canary.preflight.look import bound_of
from tests.config.readers import AskedPrometheus, StoredCluster, serving, traefik_pod
from tests.config.samples import APP, loaded, stack


def _doors(gate: threading.Event) -> Doors:
    cluster = StoredCluster(objects=serving(), pods=[traefik_pod()], gate=gate)
    return Doors(cluster=cluster, prometheus=AskedPrometheus())


def _apps(count: int) -> StackConfig:
    apps = {f"app-{n}": {**APP, "host": f"app-{n}.example.com"} for n in range(count)}
    return load({**stack(), "apps": apps})


def test_the_look_ends_at_its_bound_and_names_what_did_not_answer() -> None:
    gate = threading.Event()
    doors = _doors(gate)
    found = look(loaded(), lambda: doors, bound_s=0.2)
    gate.set()
    assert set(found.problems) == {
        "Traefik's CRDs did not answer within 0.2 s",
        "Traefik did not answer within 0.2 s",
        "Prometheus did not answer within 0.2 s",
        "namespaces did not answer within 0.2 s",
        "app podinfo did not answer within 0.2 s",
    }


def test_the_bound_grows_with_the_apps_when_they_are_many() -> None:
    assert [bound_of(apps) for apps in (0, 1, 12, 20)] == [5.0] * 4
    assert bound_of(200) == 23.0


def test_many_apps_are_waited_for_as_long_as_they_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()
    doors = _doors(gate)
    module = sys.modules["canary.preflight.look"]
    monkeypatch.setattr(module, "BOUND_S", 0.2)
    monkeypatch.setattr(module, "_EACH_S", 0.02)
    found = look(_apps(35), lambda: doors)
    gate.set()
    assert "Traefik did not answer within 0.5 s" in found.problems
    assert "app app-34 did not answer within 0.5 s" in found.problems


def test_a_login_that_hangs_is_one_problem() -> None:
    gate = threading.Event()

    def hangs() -> Doors:
        gate.wait(30)
        return _doors(gate)

    found = look(loaded(), hangs, bound_s=0.2)
    gate.set()
    assert found == Findings(problems=("the API server did not answer within 0.2 s",))


def test_more_jobs_than_threads_are_all_done() -> None:
    done, failed = all_within(10, {str(n): partial(int, n) for n in range(100)})
    assert (sum(done.values()), failed) == (4950, {})
