"""One release by one side, measured from the outside."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.bed.cluster import Bed
from tests.bench import watch
from tests.bench.cases import LOAD_PER_S, PROBE_PER_S, Case
from tests.bench.sides import Side

LOOK_S = 0.1
LINGER_S = 3.0  # requests after the end count too


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What was seen of a case's release `number`. Seconds; None where it did not come to that.

    `total_s`: from the change to the side's own word that it is done. `ready_s`: to the canary's
    first weight. `exposed_s`: from then to 100 % primary again. `after_exit_s`: from the first
    failed container. `failed` of `requests` of the probe; requests per minute beyond those at rest.
    """

    side: str
    case: str
    number: int
    outcome: str
    total_s: float
    ready_s: float | None
    highest: int
    exposed_s: float | None
    after_exit_s: float | None
    failed: int
    requests: int
    api_per_min: float
    queries_per_min: float
    cpu_s: float | None
    memory_mib: float | None


def at_rest(bed: Bed, seconds: float = 20.0) -> float:
    """Requests per minute that the API server answers while nobody releases anything."""
    before = watch.Requests.now(bed)
    time.sleep(seconds)
    return 60 * (watch.Requests.now(bed).api - before.api) / seconds


def measure(bed: Bed, side: Side, case: Case, number: int, idle_per_min: float) -> Trial:
    """Release, wait for the end or the end of patience, and count."""
    lists = watch.weights(bed, side.namespace, side.service)
    probe, load = side.user(PROBE_PER_S), side.user(LOAD_PER_S)
    with lists, watch.pods(bed, side.namespace) as pods, probe, load:
        before = watch.Requests.now(bed)
        with watch.Cost(bed, side.processes()) as cost:
            began = time.time()
            side.begin(case.image(number))
            while (promoted := side.ended()) is None and time.time() - began < case.patience_s:
                time.sleep(LOOK_S)
            ended = time.time()
        after = watch.Requests.now(bed)
        time.sleep(LINGER_S)
    weights = watch.shares(lists, side.is_canary)
    first, back = _first(weights), _back(weights)
    failing = watch.first_exit(pods)
    minutes = (ended - began) / 60
    answers = probe.answers()
    return Trial(
        side=side.name,
        case=case.name,
        number=number,
        outcome={True: "promoted", False: "rejected", None: "undecided"}[promoted],
        total_s=ended - began,
        ready_s=first - began if first else None,
        highest=max((weight for _, weight in weights), default=0),
        exposed_s=back - first if first and back and not promoted else None,
        after_exit_s=back - failing if failing and back and not promoted else None,
        failed=len(answers.failed()),
        requests=len(answers),
        api_per_min=max(0.0, (after.api - before.api) / minutes - idle_per_min),
        queries_per_min=(after.prometheus - before.prometheus) / minutes,
        cpu_s=cost.cpu_s,
        memory_mib=cost.memory_mib,
    )


def _first(weights: list[tuple[float, int]]) -> float | None:
    return next((at for at, weight in weights if weight), None)


def _back(weights: list[tuple[float, int]]) -> float | None:
    """When the canary had no traffic any more, None if it still has some."""
    return weights[-1][0] if len(weights) > 1 and not weights[-1][1] else None
