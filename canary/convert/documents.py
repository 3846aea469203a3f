"""Kubernetes objects out of YAML text. Deliberately absent: any judgement of what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from canary.errors import ConvertError

Map = dict[str, Any]
_NOT_YAML = "is not YAML"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One object and the file that it came from."""

    file: str
    kind: str
    name: str
    namespace: str
    body: Map

    @property
    def spec(self) -> Map:
        """Its spec, empty if there is none."""
        return mapping(self.body.get("spec"))

    @property
    def label(self) -> str:
        """Where a person finds it."""
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.file}: {self.kind} {where}"


def mapping(value: object) -> Map:
    """The value if it is a mapping, else an empty one."""
    return dict(value) if isinstance(value, Mapping) else {}


def listing(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return list(value) if isinstance(value, list) else []


def text(value: object) -> str:
    """The value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def read(path: str) -> list[Document]:
    """Every object of a file, those of Lists included.

    Raises:
        ConvertError: the file cannot be read or holds something else; one line with its path.
    """
    try:
        content = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ConvertError(f"{path}: {why}") from None
    return documents(path, content)


def documents(file: str, content: str) -> list[Document]:
    """Every object of a text; see `read`."""
    try:
        loaded = list(yaml.safe_load_all(content))
    except yaml.MarkedYAMLError as error:  # its text quotes the file, which may hold secrets
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise ConvertError(f"{file}: {_NOT_YAML}{line}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConvertError(f"{file}: {_NOT_YAML}") from None
    found = [_document(file, at, raw) for at, raw in _objects(loaded)]
    if not found:
        raise ConvertError(f"{file}: holds no object")
    return found


def _objects(loaded: list[Any]) -> Iterator[tuple[str, Any]]:
    for number, raw in enumerate(loaded, start=1):
        if isinstance(raw, Mapping) and text(raw.get("kind")).endswith("List"):
            for index, item in enumerate(listing(raw.get("items"))):
                yield f"document {number}, items[{index}]", item
        elif raw is not None:
            yield f"document {number}", raw


def _document(file: str, at: str, raw: Any) -> Document:
    if not isinstance(raw, Mapping) or not text(raw.get("kind")):
        raise ConvertError(f"{file}: {at} is no Kubernetes object: it has no kind")
    metadata = mapping(raw.get("metadata"))
    name = text(metadata.get("name"))
    if not name:
        raise ConvertError(f"{file}: {at}: metadata.name is missing")
    if not isinstance(raw.get("spec", {}), Mapping):
        raise ConvertError(f"{file}: {at}: spec is not a mapping")
    return Document(
        file=file,
        kind=text(raw.get("kind")),
        name=name,
        namespace=text(metadata.get("namespace")),
        body=dict(raw),
    )
