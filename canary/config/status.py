"""HTTP statuses as people write them: 503, 429, or a range such as 500-599."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from canary.config.base import problem
from canary.core.status import Ranges

_ENTRY = re.compile(r"([45][0-9]{2})(?:-([45][0-9]{2}))?")


def checked_status(entries: Iterable[str]) -> None:
    """Refuse what is no code or range from 400 to 599.

    Raises:
        ValueError: one of them is none.
    """
    for entry in entries:
        match = _ENTRY.fullmatch(entry)
        if match is None or int(match[1]) > int(match[2] or match[1]):
            raise problem("must hold codes or ranges from 400 to 599, such as 500-599 or 503")


def ranges_of(entries: Iterable[str]) -> Ranges:
    """The ranges that these entries are, rising."""
    return tuple(sorted(_ranges(entries)))


def _ranges(entries: Iterable[str]) -> Iterator[tuple[int, int]]:
    for entry in entries:
        least, _, most = entry.partition("-")
        yield int(least), int(most or least)
