"""Every key of the configuration as Markdown tables: `python -m canary.config.reference`.

Made from the same schema that editors use, so from the models and their docstrings.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from canary.config.schema import stack_schema
from canary.core import durations

TARGET = Path("docs/configuration.md")
_HEAD = """\
# Configuration

Keys of a stack file, `stacks/Pulumi.<stack>.yaml`, under `config:`. Unknown keys are errors, and
all problems of a file are reported at once. `pulumi config set --path 'canary:apps.podinfo.image'
IMAGE` sets one; secrets go in with `--secret`. Durations are written `500ms`, `10s`, `1m30s`, `2h`.

This page is written by `make docs` from the models in `canary/config/`. "The peer" in it is
Flagger, whose field names are used wherever a field means the same.
"""

_NAMES = {"string": "text", "integer": "whole number", "boolean": "true, false"}

Schema = Mapping[str, Any]


def text() -> str:
    """The page's contents."""
    schema = stack_schema()
    top = schema["properties"]["config"]
    definitions: Schema = schema["$defs"]
    parts = [_HEAD, _table(top)]
    parts += [_section(name, definitions[name]) for name in _in_order(top, definitions)]
    return "\n".join(parts)


def _in_order(top: Schema, definitions: Schema) -> list[str]:
    """Names of models as a reader meets them."""
    met: list[str] = []
    waiting = list(_references(top))
    while waiting:
        name = waiting.pop(0)
        if name not in met:
            met.append(name)
            waiting = [*_references(definitions[name]), *waiting]
    return met


def _references(node: Any) -> Iterator[str]:
    """Names of the models that a part of the schema refers to."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, Mapping):
        if "$ref" in node:
            yield _model(node)
        for value in node.values():
            yield from _references(value)


def _model(node: Schema) -> str:
    return str(node["$ref"]).rsplit("/", 1)[-1]


def _section(name: str, body: Schema) -> str:
    return f"\n## {name}\n\n{_flat(body.get('description', ''))}\n\n{_table(body)}"


def _table(body: Schema) -> str:
    required = set(body.get("required", ()))
    rows = [
        f"| `{key}` | {_kind(node)} | {_default(key, node, required)} "
        f"| {_cell(node.get('description', ''))} |"
        for key, node in body["properties"].items()
    ]
    return "\n".join(["| key | value | default | |", "|---|---|---|---|", *rows]) + "\n"


def _kind(node: Schema) -> str:
    if "$ref" in node:
        return f"[{_model(node)}](#{_model(node).lower()})"
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(_kind(choice) for choice in node["anyOf"]))
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    return _plain(node)


def _plain(node: Schema) -> str:
    kind = node.get("type", "any")
    if kind == "array":
        return f"list of {_kind(node.get('items', {}))}"
    named = node.get("additionalProperties") or [*node.get("patternProperties", {}).values(), {}][0]
    if isinstance(named, Mapping) and named:
        return f"mapping to {_kind(named)}"
    if node.get("pattern") == durations.PATTERN:
        return "duration"
    if isinstance(kind, list):
        return (
            "text"
            if "boolean" in kind
            else " or ".join(_NAMES.get(str(one), str(one)) for one in kind)
        )
    return str(_NAMES.get(kind, kind)) + _bounds(node)


def _bounds(node: Schema) -> str:
    least, most = node.get("minimum"), node.get("maximum")
    if most is not None:
        return f" up to {most}" if least is None else f" {least} to {most}"
    return f" from {least}" if least else ""


def _default(key: str, node: Schema, required: set[str]) -> str:
    if key in required:
        return "required"
    if "default" not in node or node["default"] in ({}, []):
        return ""
    value = node["default"]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{shown}`"


def _cell(words: str) -> str:
    return _flat(words).replace("|", "\\|")


def _flat(words: str) -> str:
    return " ".join(words.split())


def main(arguments: list[str]) -> int:
    """Write the page to the file named by the first argument, docs/configuration.md unless said."""
    target = Path(arguments[0]) if arguments else TARGET
    target.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
