"""What the preview says about the pods that a release uses."""

from __future__ import annotations

from collections.abc import Iterator

from canary.core.plan import Plan
from canary.core.size import size_for


def pods_line(plan: Plan) -> str:
    """How many pods the canary has, and from when on."""
    parts = [f"{size} {when}" for size, when in _rises(plan)] if plan.proportional else []
    if len(parts) < 2:
        parts = [f"{plan.replicas} before the first request"]
    grown = ""
    if plan.most_replicas > plan.replicas:
        grown = f"; more where the autoscaler gave the primary more, up to {plan.most_replicas}"
    return f"  pods of the canary: {', '.join(parts)}{grown}"


def _rises(plan: Plan) -> Iterator[tuple[int, str]]:
    """Every size that is greater than all before it."""
    copies = ((plan.mirror_percent, "for copies"),) if plan.mirror_percent else ()
    weights = (
        (weight, f"at {weight} %" if weight else "for iterations") for weight in plan.weights
    )
    most = 0
    for percent, when in (*copies, *weights, (100, "before 100 %")):
        size = size_for(percent, plan.replicas, plan)
        if size > most:
            yield size, when
        most = max(size, most)
