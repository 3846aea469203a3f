"""The stacks in the repository, and the schema that editors read them with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary.config import StackConfig, load
from canary.config.problems import model_at
from canary.config.schema import TARGET, main, stack_schema, text
from canary.core.durations import PATTERN
from canary.planning import describe, plan_of

ROOT = Path(__file__).parents[2]
STACKS = sorted(ROOT.glob("stacks/Pulumi.*.yaml"))


def _config(path: Path) -> dict[str, Any]:
    config = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    return {key.removeprefix("canary:"): value for key, value in config.items()}


def test_there_are_three() -> None:
    assert [path.name for path in STACKS] == [
        "Pulumi.dev.yaml",
        "Pulumi.prod.yaml",
        "Pulumi.staging.yaml",
    ]


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_a_stack_is_read_and_gives_no_warning(path: Path) -> None:
    config = load(_config(path))
    for name, app in config.apps.items():
        plan = plan_of(
            app,
            scrape_interval_s=config.prometheus.scrape_interval,
            bucket_edges_s=config.traefik.bucket_edges_s,
        )
        assert describe(name, app, plan).warnings == ()


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_a_stack_names_its_schema_for_editors(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={TARGET.name}"


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_a_stack_uses_keys_of_the_schema_only(path: Path) -> None:
    schema = stack_schema()
    top = schema["properties"]["config"]["properties"]
    for key, value in _config(path).items():
        _follow(schema, top[f"canary:{key}"], value, key)


def _follow(schema: dict[str, Any], node: dict[str, Any], value: Any, path: str) -> None:
    if isinstance(value, dict):  # of its alternatives, a mapping's
        node = next((one for one in node.get("anyOf", ()) if "$ref" in one), node)
    if "$ref" in node:
        node = {**schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], **node}
    if isinstance(value, list):
        for index, item in enumerate(value):
            _follow(schema, node["items"], item, f"{path}[{index}]")
    if not isinstance(value, dict):
        assert "enum" not in node or value in node["enum"], path
        assert "pattern" not in node or re.search(node["pattern"], value), path
        return
    for key, item in value.items():
        inner = node.get("properties", {}).get(key, node.get("additionalProperties", False))
        assert inner is not False, f"{path}.{key} is not in the schema"
        _follow(schema, inner if isinstance(inner, dict) else {}, item, f"{path}.{key}")


def test_the_committed_schema_is_current() -> None:
    """If this fails: python -m canary.config.schema."""
    assert (ROOT / TARGET).read_text(encoding="utf-8") == text()


def test_the_schema_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    assert main([str(tmp_path / "schema.json")]) == 0
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == text()


def test_every_key_is_explained() -> None:
    for name, body in stack_schema()["$defs"].items():
        for key, value in body.get("properties", {}).items():
            assert value.get("description"), f"{name}.{key}"
        assert body.get("additionalProperties") is False or "enum" in body, name


def test_the_schema_speaks_like_a_person() -> None:
    analysis = stack_schema()["$defs"]["Analysis"]["properties"]
    assert analysis["interval"]["default"] == "10s"
    assert analysis["interval"]["pattern"] == PATTERN
    assert analysis["maxWeight"] == {
        "default": 50,
        "description": "The last weight before promotion; never exceeded.",
        "maximum": 100,
        "minimum": 1,
        "type": "integer",
    }
    assert "default" not in analysis["stepWeights"]


def test_a_path_leads_to_its_model() -> None:
    """Suggestions for misspelled keys depend on it."""
    at = model_at(StackConfig, ("apps", "x", "analysis", "metrics", 0, "thresholdRange"))
    assert at is not None
    assert at.__name__ == "ThresholdRange"
    assert model_at(StackConfig, ("apps", "x", "replicas")) is None
    assert model_at(StackConfig, ("apps", "x", "replicas", "y")) is None
