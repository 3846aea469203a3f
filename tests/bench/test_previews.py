"""The page about previews says what was measured."""

from __future__ import annotations

import pytest

from tests.bench.previews import SIZES, further_ms, page


def test_the_page_has_every_size_and_both_bounds() -> None:
    measured = {
        what: {size: [2.0 + (1 + size / 50 if size else 0)] * 3 for size in sizes}
        for what, sizes in SIZES.items()
    }
    text = page(measured)
    assert "| 20 | 3.40 s (3.40 to 3.40) |  |" in text
    assert "| the first app adds (at most 2 s) | 1.02 s | 1.02 s |" in text
    assert "| each further app adds (at most 30 ms) | 20 ms | 20 ms |" in text


def test_one_slow_preview_is_not_the_slope() -> None:
    seconds = {1: [1.0, 1.0, 9.0], 10: [1.09, 1.09, 1.0], 20: [1.19, 1.19, 1.19]}
    assert further_ms(seconds) == pytest.approx(10)
