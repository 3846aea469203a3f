"""Kinds of releases that not every story has, each drawn apart: the others stay as they were."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from canary.core.orders import Order, Verb
from canary.core.plan import CheckName, Plan

WINDOW_S = 300.0
SERVED_AGO_S = (30.0, 30.0, 1000.0)  # within the window, or so long ago that it is judged
RESUMED_AFTER_S = 15.0
CALMING = (Verb.RESUME, Verb.APPROVE)

Orders = tuple[tuple[float, str], ...]


def of_kind(seed: int, plan: Plan, *, quiet: bool) -> Plan:
    """The plan with session affinity, a window, weights of the promotion, or softer demands."""
    random = Random(f"kind {seed}")
    more: dict[str, Any] = {}
    if random.random() < 0.15:
        terms = plan.evidence and replace(plan.evidence, exchangeable=False)
        more |= {"clients_stay": True, "evidence": terms}
    if random.random() < 0.15:
        more |= {"rollback_window_s": WINDOW_S}
    if random.random() < 0.2 and len(plan.weights) > 1 and not plan.iterations:
        more |= {"promotion_steps": 1}
    if random.random() < 0.2:
        more |= {"primary_ready_percent": 50}
    if random.random() < 0.2 and not quiet:
        soft = [replace(c, report_only=c.name is CheckName.DURATION) for c in plan.checks]
        more |= {"checks": tuple(soft)}
    return replace(plan, **more)


def draw_first(seed: int) -> bool:
    """Whether nothing serves yet."""
    return seed % 19 == 5


def draw_served_ago_s(seed: int, plan: Plan) -> float | None:
    """How long ago the version was primary, with a plan that minds."""
    ago_s = Random(f"served {seed}").choice(SERVED_AGO_S)
    return ago_s if plan.rollback_window_s else None


def draw_back_after_s(seed: int) -> float | None:
    """After how long the old image is asked for, once the run has ended; None for never."""
    random = Random(f"back {seed}")
    return random.choice((0.0, 0.0, 1.0, 5.0, 12.0)) if random.random() < 0.25 else None


def draw_cuts(seed: int) -> tuple[tuple[int, float], ...]:
    """Before which effects of its restore the guard is killed, and when another one goes on."""
    random = Random(f"cuts {seed}")
    numbers = sorted(random.sample(range(2, 6), random.choice((0, 1, 1, 2))))
    return tuple((number, random.choice((0.0, 1.0, 3.0))) for number in numbers)


def draw_orders(seed: int, asked_s: list[float], length_s: float) -> Orders:
    """What is asked of the run and when: at `asked_s`, and sometimes more; a bare verb, or signed.

    Whoever suspends a run, somebody lets it go on in the end.
    """
    random = Random(f"orders {seed}")
    usual = (Verb.ABORT, Verb.PROMOTE, Verb.SUSPEND, Verb.APPROVE)[seed % 4]
    found = [(at_s, usual.value) for at_s in asked_s]
    for number in range(random.choice((2, 3, 4, 6)) if random.random() < 0.15 else 0):
        calm = random.random() < 0.4
        verb = random.choice(CALMING) if calm else random.choice((*Verb, Verb.SUSPEND))
        run = random.choice(("", "r1", "r1", "r0"))
        order = Order(verb=verb, by=f"ann {number}", run=run, at=float(number))
        text = verb.value if random.random() < 0.3 else order.to_json()
        found.append((random.uniform(0, length_s), text))
    if any(Verb.SUSPEND in text for _, text in found):
        found.append((max(at_s for at_s, _ in found) + RESUMED_AFTER_S, Verb.RESUME.value))
    return tuple(sorted(found))
