"""HTTP statuses that count as failed, as inclusive ranges such as (500, 599)."""

from __future__ import annotations

Ranges = tuple[tuple[int, int], ...]
SERVER_ERRORS: Ranges = ((500, 599),)


def within(code: str, ranges: Ranges) -> bool:
    """Whether a code, as Traefik spells it, lies in one of the ranges."""
    return code.isdigit() and any(least <= int(code) <= most for least, most in ranges)


def status_text(ranges: Ranges) -> str:
    """For people: "5xx", "429 or 5xx", "500-502"."""
    return " or ".join(_one(least, most) for least, most in ranges)


def _one(least: int, most: int) -> str:
    if least == most:
        return str(least)
    whole = least % 100 == 0 and most == least + 99
    return f"{least // 100}xx" if whole else f"{least}-{most}"
