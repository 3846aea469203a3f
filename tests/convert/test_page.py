"""The page about the peer's fields names each of them and says what the models say."""

from __future__ import annotations

from pathlib import Path

from canary.convert.known import CHANGED, CONSEQUENCES, FIELDS, OTHER_ROUTERS, REMOVED, REPHRASED
from canary.convert.page import TARGET, main, text
from canary.convert.remarks import Kind
from tests.convert.samples import analysed, canary, convert, said

ROOT = Path(__file__).parents[2]


def _word(field: str) -> str:
    rows = [line for line in text().splitlines() if line.startswith(f"| `{field}` |")]
    assert len(rows) == 1, field
    return rows[0].split(" | ")[1]


def test_the_committed_page_is_current(tmp_path: Path) -> None:
    """If this fails: make docs."""
    assert (ROOT / TARGET).read_text(encoding="utf-8") == text()
    assert main([str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == text()


def test_every_field_that_the_converter_knows_has_a_row() -> None:
    known = {*FIELDS, *OTHER_ROUTERS, *REMOVED, *REPHRASED, *CHANGED}
    known |= {field for field in CONSEQUENCES if not field.endswith("[]")}
    assert known == set(FIELDS)
    assert all(_word(field) for field in FIELDS)


def test_the_page_and_the_converter_say_the_same() -> None:
    for name in ("mirror", "iterations", "mirrorWeight", "stepWeightPromotion"):
        dropped = f"Canary test/podinfo: spec.analysis.{name}" in said(
            convert(analysed(**{name: 10 if name != "mirror" else True})), Kind.DROPPED
        )
        assert dropped or _word(f"analysis.{name}") != "refused"
    assert "Canary test/podinfo: spec.suspend" in said(convert(canary(suspend=True)), Kind.DROPPED)
