"""The baseline: a fresh copy of the primary beside the canary, with as many pods and requests.

A primary that has been up for weeks has warm caches and grown heaps; what differs from it need not
be the new version's fault. A copy that is as young as the canary differs by its version alone.
"""

from __future__ import annotations

from canary.core.seen import Pods
from canary.core.state import Course, Effect, Seen, State


def lacking(state: State, seen: Seen, needed: int) -> Pods | None:
    """The baseline's pods while fewer than `needed` are ready; None when it can be compared with.

    Over a dead primary none is waited for: the canary then takes over.
    """
    primary, pods = seen.primary, seen.baseline or Pods()
    if not state.baseline or state.course is not Course.JUDGED:
        return None
    if primary is None or not primary.ready or pods.ready >= needed:
        return None
    return pods


def lost(state: State, seen: Seen) -> str:
    """Why requests must leave the baseline now, "" when they need not; no shield covers these."""
    pods = seen.baseline
    if not state.baseline_percent or pods is None or pods.ready:
        return ""
    return f"no pod of the baseline is ready{f': {pods.trouble}' if pods.trouble else ''}"


def outgrown(state: State, seen: Seen) -> int:
    """How many pods the baseline needs to be as big as the canary, 0 when it is."""
    canary, baseline = seen.canary, seen.baseline
    if not state.baseline or canary is None or baseline is None:
        return 0
    return canary.wanted if canary.wanted > baseline.wanted else 0


def ending(state: State, first: Effect, *others: Effect) -> tuple[Effect, ...]:
    """The effects that end a run: once the record says so, the baseline goes."""
    return (first, Effect.DROP_BASELINE, *others) if state.baseline else (first, *others)
