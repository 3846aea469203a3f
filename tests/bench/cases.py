"""What both sides release, how often, and with which analysis: the peer's Traefik tutorial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.bed.images import PODINFO

OURS, PEER = "this project", "Flagger 1.44"
NAMESPACE = "bench"
INTERVAL_S = 10
STEPS = 10
LOAD_PER_S = 20.0
PROBE_PER_S = 20.0
GOOD = (f"{PODINFO}:6.9.2", f"{PODINFO}:6.9.2-blue")
ANALYSIS: dict[str, Any] = {
    "interval": f"{INTERVAL_S}s",
    "threshold": 10,
    "maxWeight": 50,
    "stepWeight": 5,
    "metrics": [
        {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}},
        {"name": "request-duration", "interval": "1m", "thresholdRange": {"max": 500}},
    ],
}


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of release; `patience_s` is when a side that has not decided is given up on."""

    name: str
    times: int
    patience_s: float

    @property
    def healthy(self) -> bool:
        """Whether it ought to be promoted."""
        return self.name == "healthy"

    def image(self, number: int) -> str:
        """What the release of this number releases; good ones alternate."""
        return GOOD[(number + 1) % 2] if self.healthy else f"{GOOD[0]}-{self.name}"


CASES = (
    Case("healthy", 3, 300.0),
    Case("errors", 7, 300.0),
    Case("slow", 3, 300.0),
    Case("crash", 3, 280.0),
)
