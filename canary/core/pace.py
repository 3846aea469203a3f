"""How often a run looks, and how long it waits for what must come true."""

from __future__ import annotations

LOOK_S = 1.0  # pods, weights and the driver are looked at this often
LIVE_LOOK_S = 0.1  # a weight is live on Traefik within 0.1 to 2 s
LIVE_DEADLINE_S = 30.0
RESTORE_PATIENCE_S = 60.0  # a restore is tried at least this long, even when the driver is stopped
