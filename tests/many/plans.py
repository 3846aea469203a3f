"""How the apps of a measurement are released."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """`interval_s` of each bake, the canary's weights, and how often Prometheus scrapes."""

    interval_s: int
    weights: tuple[int, ...]
    scrape_s: int

    @property
    def raw(self) -> list[Any]:
        """For a command line."""
        return [self.interval_s, self.weights, self.scrape_s]

    @property
    def release(self) -> dict[str, Any]:
        """An app's part of the configuration."""
        return {
            "host": "app.example.com",
            "replicas": 1,
            "drain": "2s",
            "soak": f"{self.interval_s}s",
            "analysis": {
                "interval": f"{self.interval_s}s",
                "stepWeights": list(self.weights),
                "metrics": [
                    {"name": "request-success-rate", "thresholdRange": {"min": 99}},
                    {"name": "request-duration", "thresholdRange": {"max": 500}},
                ],
            },
        }

    @property
    def access(self) -> dict[str, Any]:
        """The surroundings."""
        return {"prometheus": {"scrapeInterval": f"{self.scrape_s}s"}}


USUAL = Pattern(10, (20, 50), 5)
QUICK = Pattern(2, (50,), 1)
