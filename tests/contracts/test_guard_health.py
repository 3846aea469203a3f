"""How the guard says that it is at work: readiness, and numbers that Prometheus can read."""

from __future__ import annotations

import urllib.request

from canary.guard.health import BLIND_S, STUCK_S, Health, serve
from tests.contracts.guarding import Bench
from tests.fakes.cluster import Fault


def numbers(bench: Bench) -> dict[str, float]:
    """What a scrape gets, over HTTP, by the metrics' names without what they begin with."""
    server = serve(bench.station.health, port=0, clock=bench.clock)
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/metrics"
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            lines = answer.read().decode().splitlines()
    finally:
        server.shutdown()
        server.server_close()
    told = [line.split(" ") for line in lines if not line.startswith("#")]
    return {name.removeprefix("canary_guard_"): float(value) for name, value in told}


def test_runs_restores_and_the_age_of_the_last_look_are_told(bench: Bench) -> None:
    assert numbers(bench) == {
        "runs_watched": 0,
        "restores_total": 0,
        "errors_total": 0,
        "leading": 0,
        "look_age_seconds": float("inf"),
    }
    bench.run_at(30)
    bench.pass_(2.0)
    bench.now_s += 1.5
    found = numbers(bench)
    assert (found["runs_watched"], found["look_age_seconds"]) == (1, 1.5)
    bench.pass_(20.0)
    found = numbers(bench)
    assert (found["runs_watched"], found["restores_total"]) == (0, 1)


def test_an_api_server_that_refuses_counts_as_errors_and_ends_readiness(bench: Bench) -> None:
    bench.pass_(2.0)
    health = bench.station.health
    assert health.status("/readyz", bench.now_s) == 200
    bench.server.faults.append(Fault(status=503, times=100_000))
    bench.pass_(BLIND_S + 2.0)
    assert health.status("/readyz", bench.now_s) == 503
    assert health.status("/healthz", bench.now_s) == 200
    found = numbers(bench)
    assert found["errors_total"] == (BLIND_S + 2.0) / 2.0
    assert found["look_age_seconds"] == BLIND_S + 2.0
    bench.server.faults.clear()
    bench.pass_(2.0)
    assert health.status("/readyz", bench.now_s) == 200


def test_a_patrol_whose_looks_do_not_end_is_to_be_restarted() -> None:
    health = Health(looked_s=100.0)
    assert health.status("/healthz", 100.0 + STUCK_S) == 200
    assert health.status("/healthz", 100.1 + STUCK_S) == 503
