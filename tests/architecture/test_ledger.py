"""What was measured stays when a part of it is measured anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.ledger import Ledger


@dataclass(frozen=True)
class _Row:
    side: str
    number: int
    seconds: float | None


def test_a_row_takes_the_place_of_the_same_keys_and_leaves_all_others(tmp_path: Path) -> None:
    ledger = Ledger.beside(tmp_path / "page.md", _Row, ("side", "number"))
    assert ledger.rows() == []
    ledger.put([_Row("a", 0, 1.5), _Row("a", 1, None)])
    assert ledger.put([_Row("b", 0, 2.0)]) == [
        _Row("a", 0, 1.5),
        _Row("a", 1, None),
        _Row("b", 0, 2.0),
    ]
    again = ledger.put([_Row("a", 0, 9.0)])
    assert again == [_Row("a", 0, 9.0), _Row("a", 1, None), _Row("b", 0, 2.0)]
    assert Ledger.beside(tmp_path / "page.md", _Row, ("side", "number")).rows() == again
    assert [path.name for path in tmp_path.iterdir()] == ["page.jsonl"]
