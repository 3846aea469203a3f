"""The page about previews says what was measured."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from tests.bench.previews import PROGRAM, SIZES, Cost, declared, further_ms, page, plain
from tests.components import recorder
from tests.components.apps import PODINFO
from tests.components.recorder import Declarations
from tests.e2e.settings import ELSEWHERE


def test_the_page_has_every_size_and_both_bounds() -> None:
    measured = {
        column: {
            size: [Cost(seconds=s, processor_s=2 * s) for s in [2 + (size > 0) + size / per_s] * 3]
            for size in sizes
        }
        for what, sizes in SIZES.items()
        for column, per_s in ((what, 50), (plain(what), 80))
    }
    text = page(measured)
    assert "| apps | to come | to come, plain | deployed | deployed, plain |" in text
    assert "| 20 | 3.40 s (3.40 to 3.40) | 3.25 s (3.25 to 3.25) |  |  |" in text
    assert "| the first app adds (at most 2 s) | 1.02 s | 1.01 s | 1.02 s | 1.01 s |" in text
    assert "| each further app adds (at most 30 ms) | 20 ms | 12 ms | 20 ms | 12 ms |" in text
    assert "- A further app to come adds 20 ms, in the plain program 12 ms: 1.60 times" in text
    assert "| each further app adds (at most 30 ms) | 40 ms | 25 ms | 40 ms | 25 ms |" in text


def test_the_plain_program_declares_what_the_stack_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {**ELSEWHERE, "apps": {"podinfo": PODINFO}}
    resources = declared(settings)
    (tmp_path / "resources.json").write_text(json.dumps(resources))
    copy = recorder.declared(lambda: runpy.run_path(str(PROGRAM)))
    assert _shapes(copy) == _shapes(recorder.stack(settings))
    assert len([each for each in resources if "podinfo" in each["name"]]) == 9


def _shapes(found: Declarations) -> list[tuple[str, str, int]]:
    """Kind, object and number of relations of each; dynamic resources are as good as another."""
    return sorted(
        (
            "dynamic" if each.type.startswith("pulumi-python:") else each.type,
            json.dumps(each.inputs.get("spec"), sort_keys=True),
            len(each.depends_on),
        )
        for each in found
    )


def test_one_slow_preview_is_not_the_slope() -> None:
    seconds = {1: [1.0, 1.0, 9.0], 10: [1.09, 1.09, 1.0], 20: [1.19, 1.19, 1.19]}
    assert further_ms(seconds) == pytest.approx(10)
