"""What a canary is sent, in words."""

from __future__ import annotations


def share_text(weight_percent: int, mirror_percent: int) -> str:
    """Its part of the requests, or of how many it gets a copy."""
    return f"{mirror_percent} % mirrored" if mirror_percent else f"{weight_percent} %"


def baseline_share(weight_percent: int) -> int:
    """The baseline's percent of the requests: as many as the canary's, while so many are left."""
    return min(weight_percent, 100 - weight_percent)
