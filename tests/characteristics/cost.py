"""What one poll costs, by the requests in it: `python -m tests.characteristics.cost`."""

from __future__ import annotations

import time

from canary.core.counts import Poll
from tests.core.polls import opened, poll

SIZES = (100, 10_000, 1_000_000, 1_000_000_000)


def cost_s(requests: int) -> float:
    """The best of five: 5 % to the canary, 2 % bad in every way."""
    bad, canary = requests // 50, requests // 20
    counted = poll(
        {"200": canary - bad // 20, "500": bad // 20},
        {"200": requests - canary - bad, "500": bad},
        slow=(bad // 20, bad),
    )
    return min(_once_s(counted) for _ in range(5))


def _once_s(counted: Poll) -> float:
    evidence, began_s = opened(), time.perf_counter()
    evidence.advance(counted)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    for size in SIZES:
        print(f"{size:>13,} requests: {1000 * cost_s(size):7.1f} ms")
