"""How many pods a share of the requests needs, and how many of them must be ready."""

from __future__ import annotations

from dataclasses import dataclass

from canary.core.plan import Plan
from canary.core.seen import Pods


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How big the canary is, and is to be.

    `full` pods serve all requests, `present` what it is sent now; 0 while that is not known.
    `asked` is how many the cluster was asked for, last at `asked_s`. `awaited_s` is since when
    another weight has been waiting for pods, None while none does.
    """

    full: int = 0
    present: int = 0
    asked: int = 0
    asked_s: float = 0.0
    awaited_s: float | None = None


def enough(pods: int, percent: int) -> int:
    """How many ready pods satisfy a threshold; never fewer than one."""
    return max(1, -(-pods * percent // 100))


def full_size(plan: Plan, primary: Pods | None) -> int:
    """As many pods as serve all requests: an autoscaler may have made the primary bigger."""
    grown = 0 if primary is None else min(primary.wanted, plan.most_replicas)
    return max(plan.replicas, grown)


def size_for(weight_percent: int, full: int, plan: Plan) -> int:
    """As many pods as this share of the requests needs, with headroom.

    Nobody knows how many requests a rule picks, so that iterations with one need full size.
    """
    if not plan.proportional or not (weight_percent or plan.previewed):
        return full
    share = full * weight_percent * (100 + plan.headroom_percent)
    return min(full, max(1, -(-share // 10_000)))


def is_excused(pods: Pods, needed: int) -> bool:
    """Whether missing pods are the cluster's doing, not the version's.

    New pods excuse only what the older ones are too few for: a canary that grows is judged.
    """
    older = pods.existing - pods.settling
    return pods.disturbed or (pods.settling > 0 and older < needed)
