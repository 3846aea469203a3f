"""How often a run looks, and how long it waits for what must come true."""

from __future__ import annotations

LOOK_S = 1.0  # pods, weights and the driver are looked at this often
LIVE_LOOK_S = 0.1  # a weight is live on Traefik within 0.1 to 2 s
LIVE_DEADLINE_S = 30.0
LIVE_LOOKS = 4  # at least so many looks while a weight is awaited
RESTORE_PATIENCE_S = 60.0  # a restore is tried at least this long, even when the driver is stopped


def live_look_s(waited_s: float) -> float:
    """Seconds until the next look at a weight that was not live for `waited_s`.

    The longer it takes, the less a look more hastens it: the time it adds is at most a quarter of
    what was waited. Two hundred runs that wait for the same slow replica would else ask it, and all
    that a run looks at besides, two thousand times a second.
    """
    return min(LOOK_S, max(LIVE_LOOK_S, waited_s / LIVE_LOOKS))
