"""The configuration as a JSON schema, for editors: `python -m canary.config.schema`.

Stack files point to it in their first line; editors then complete keys and mark mistakes. Rules
between fields are not in it: those are checked by `pulumi preview`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from canary.config.problems import NAMESPACE
from canary.config.stack import StackConfig
from canary.core import durations

TARGET = Path("stacks/schema.json")
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum"}
_SECURE = {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"]}


def stack_schema() -> dict[str, Any]:
    """The schema of a stack file: our keys under `config`, everything else as Pulumi likes it."""
    schema = StackConfig.model_json_schema(by_alias=True, mode="validation")
    definitions = schema.pop("$defs")
    properties = {f"{NAMESPACE}:{key}": value for key, value in schema["properties"].items()}
    properties[f"{NAMESPACE}:kubeconfig"] = {
        "description": properties[f"{NAMESPACE}:kubeconfig"]["description"],
        "anyOf": [_SECURE, {"type": "string"}],
    }
    addresses = properties[f"{NAMESPACE}:alertAddresses"]
    addresses["additionalProperties"] = {"anyOf": [_SECURE, {"type": "string"}]}
    foreign = rf"^(?!{NAMESPACE}:)[^:]+:"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack configuration of a canary release",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": _tidy(properties),
                "patternProperties": {foreign: {}},
                "additionalProperties": False,
            },
        },
        "$defs": {name: _tidy(body) for name, body in sorted(definitions.items())},
    }


def _tidy(node: Any) -> Any:
    """As a person would have written it: no derived titles, no nulls, durations as texts."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("pattern") == durations.PATTERN and isinstance(node.get("default"), float):
        node = {**node, "default": durations.text_of(node["default"])}
    kept = {_key(k, v): _tidy(v) for k, v in node.items() if not _noise(k, v)}
    alternatives = [a for a in kept.get("anyOf", []) if a != {"type": "null"}]
    if len(alternatives) == 1:
        return {**alternatives[0], **{k: v for k, v in kept.items() if k != "anyOf"}}
    return {**kept, "anyOf": alternatives} if alternatives else kept


def _noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value in (None, ""))


def _key(key: str, value: object) -> str:
    """The schema's word for a bound that pydantic passes on under its own name."""
    return _BOUNDS.get(key, key) if isinstance(value, int | float) else key


def text() -> str:
    """The file's contents."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the schema to the file named by the first argument, stacks/schema.json unless said."""
    target = Path(arguments[0]) if arguments else TARGET
    target.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
