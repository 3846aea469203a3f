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
    cells = "3.40 s (3.40 to 3.40) | 3.25 s (3.25 to 3.25)"
    assert f"| 20 | {cells} | {cells} |" in text
    assert "| 5 | 3.10 s (3.10 to 3.10) | 3.06 s (3.06 to 3.06) |  |  |" in text
    assert "| the first app adds | 1.02 s | 1.01 s | 1.02 s | 1.01 s |" in text
    assert "| each further app adds | 20 ms | 12 ms | 20 ms | 12 ms |" in text
    assert "| each further app adds | 40 ms | 25 ms | 40 ms | 25 ms |" in text
    goal = "takes 0.01 s longer than in the plain program (at most 2 s), each further one 8 ms"
    assert f"- One app to come {goal} (at most 30 ms): reached." in text


@pytest.mark.parametrize(
    ("first_s", "further_s", "end"),
    [(2.1, 0.0, "missed."), (0.1, 0.031, "missed."), (1.9, 0.029, "reached.")],
)
def test_a_goal_is_missed_by_the_first_app_or_by_the_further_ones(
    first_s: float, further_s: float, end: str
) -> None:
    columns = {
        column: {size: [Cost(seconds=s, processor_s=s)] for size in sizes for s in [_s(size, *of)]}
        for what, sizes in SIZES.items()
        for column, of in ((what, (first_s, further_s)), (plain(what), (0.0, 0.0)))
    }
    goals = [line for line in page(columns).splitlines() if line.startswith("- One app")]
    assert len(goals) == 4
    assert all(goal.endswith(end) for goal in goals)


def _s(size: int, first_s: float, further_s: float) -> float:
    """Seconds of a preview of so many apps."""
    return 2 + 0.1 * size + (first_s + further_s * (size - 1) if size else 0)


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
