"""What a canary is sent, in words."""

from __future__ import annotations


def share_text(weight_percent: int, mirror_percent: int) -> str:
    """Its part of the requests, or of how many it gets a copy."""
    return f"{mirror_percent} % mirrored" if mirror_percent else f"{weight_percent} %"
