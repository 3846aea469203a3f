"""How versions, traffic and hooks of a story behave."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random

from canary.core.plan import Plan
from canary.core.seen import HookType
from tests.fakes.hooks import Answer
from tests.fakes.traffic import Behaviour, Traffic

WARM_S = 60.0  # a world has served for a minute when the release begins
LATENCIES = (((0.003, 0.9), (0.02, 0.1)), ((0.02, 0.5), (0.2, 0.5)))
SLOW = ((1.2, 1.0),)


def draw_canary(random: Random, length_s: float) -> Behaviour:
    """A good one, or one that fails, hangs or is slow, from the beginning or later."""
    late_s = WARM_S + random.uniform(0, length_s)
    return random.choice(
        (
            Behaviour(latency=random.choice(LATENCIES)),
            Behaviour(latency=random.choice(LATENCIES)),
            Behaviour(errors=1.0),
            Behaviour(errors=0.3),
            Behaviour(errors=0.005),
            Behaviour(errors=1.0, since_s=late_s),
            Behaviour(hangs=1.0),
            Behaviour(not_found=0.5),
            Behaviour(latency=SLOW),
        )
    )


def draw_primary(random: Random) -> Behaviour:
    """Most often a good one."""
    kinds = (Behaviour(), Behaviour(), Behaviour(), Behaviour(errors=0.3), Behaviour(latency=SLOW))
    return random.choice(kinds)


def draw_traffic(random: Random, plan: Plan, lags_s: tuple[float, ...], *, quiet: bool) -> Traffic:
    """How much of it there is, and what becomes of its samples."""
    enough = 12 * 100 / (min(plan.weights) or 100) / plan.interval_s / len(lags_s)
    rate = max(5.0, enough) if quiet else random.choice((0.0, 2.0, 10.0, 20.0)) / len(lags_s)
    down_s = WARM_S + random.uniform(0, 60)
    down = ((down_s, down_s + random.choice((2, 8, 60))),) if random.random() < 0.15 else ()
    return Traffic(
        rate_per_s=rate,
        post_share=random.choice((0.0, 0.3)),
        targets=tuple(f"10.0.0.{n}:8100" for n, _ in enumerate(lags_s, 1)),
        scrape_s=plan.scrape_s,
        outages=() if quiet else down,
        restarts=() if quiet or random.random() > 0.1 else (WARM_S + random.uniform(0, 60),),
        reload_every_s=math.inf if quiet else random.choice((math.inf, 2.0)),
        shielded=random.random() < 0.5,
        clients_stay=plan.clients_stay,
    )


def draw_hooks(random: Random, plan: Plan, *, quiet: bool) -> Mapping[HookType, Sequence[Answer]]:
    """What each type answers, one after the other."""
    good = (Answer(), Answer(after_s=1.0))
    bad = (Answer(text="hook: 500"), Answer(after_s=20.0), Answer(after_s=1e9))
    kinds = good if quiet else (*good, *good, *bad)
    answers = {
        kind: [random.choice(kinds) for _ in range(3)] for kind in HookType if kind in plan.hooks
    }
    if HookType.ROLLBACK in answers:  # what others call success ends the run here
        asks = not quiet and random.random() < 0.2
        answers[HookType.ROLLBACK] = [Answer(text="no: 403"), *([Answer()] if asks else [])]
    return answers
