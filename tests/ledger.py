"""Measured rows, kept in a file beside the page that is written from them.

A measurement of an hour may so be taken in parts, or a part of it anew, and the page stays whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Ledger(Generic[Row]):
    """A line of JSON for each row: a dataclass `kind`, whose fields `key` tell it from others."""

    path: Path
    kind: type[Row]
    key: tuple[str, ...]

    @classmethod
    def beside(cls, page: Path, kind: type[Row], key: tuple[str, ...]) -> Ledger[Row]:
        """The rows of a page: `docs/x.md` is written from `docs/x.jsonl`."""
        return cls(page.with_suffix(".jsonl"), kind, key)

    def rows(self) -> list[Row]:
        """What was measured so far, in the order of its first measurement."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return [self.kind(**json.loads(line)) for line in lines]

    def put(self, found: Sequence[Row]) -> list[Row]:
        """Take these in the place of what the same keys had before; all rows that are there now."""
        rows = {self._key(row): row for row in [*self.rows(), *found]}
        text = "".join(f"{json.dumps(asdict(row))}\n" for row in rows.values())
        self.path.write_text(text, encoding="utf-8")
        return list(rows.values())

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in self.key)
