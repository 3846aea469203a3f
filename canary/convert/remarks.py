"""What is said about a conversion: one line for each thing that is not as it was."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What became of a field."""

    CHANGED = "changed"  # carried over, with another meaning
    UNNEEDED = "unneeded"  # not carried over, and nothing is lost
    DROPPED = "dropped"  # cannot be carried over
    MISSING = "missing"  # for a person to fill in

    @property
    def is_loss(self) -> bool:
        """Whether the result is not all that the input was."""
        return self in {Kind.DROPPED, Kind.MISSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One line: what happened, where, and why. Never a field's value, which may be a secret."""

    kind: Kind
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.place}: {self.text}"
