"""The configuration while it is being made, and where each part of it came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from canary.config.problems import NAMESPACE, Path, path_text
from canary.convert.documents import Document
from canary.convert.remarks import Kind, Remark

Map = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Draft:
    """What the `canary:` keys will be, what is to be said of it, and who stands behind what."""

    raw: Map = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    _sources: dict[Path, str] = field(default_factory=dict)
    _gone: dict[Path, list[int]] = field(default_factory=dict)

    def say(self, kind: Kind, place: str, text: str) -> None:
        """Add a remark, once."""
        remark = Remark(kind=kind, place=place, text=text)
        if remark not in self.remarks:
            self.remarks.append(remark)

    def came_from(self, path: Path, document: Document, below: str) -> None:
        """Remember that what is at `path` was at `below` of the document."""
        self._sources[path] = f"{document.label}: {below}"

    def forget(self, path: Path) -> None:
        """Remember that the list element at `path` was removed, and those behind it moved up."""
        *way, index = self._as_it_was(path)
        if isinstance(index, int):
            self._gone.setdefault(tuple(way), []).append(index)

    def source(self, path: Path) -> str:
        """Where in the input a part of the configuration came from."""
        path = self._as_it_was(path)
        for length in range(len(path), 0, -1):
            known = self._sources.get(path[:length])
            if known is not None:
                return known + _below(path[length:])
        return path_text(path)

    def _as_it_was(self, path: Path) -> Path:
        before: tuple[str | int, ...] = ()
        for part in path:
            before = (*before, self._before(before, part))
        return before

    def _before(self, way: Path, part: str | int) -> str | int:
        """The index that an element of a list had before others were removed."""
        if isinstance(part, int):
            for gone in sorted(self._gone.get(way, ())):
                part += gone <= part
        return part


def _below(path: Iterable[str | int]) -> str:
    parts = tuple(path)
    if not parts:
        return ""
    shown = path_text(parts).removeprefix(f"{NAMESPACE}:")
    return shown if shown.startswith("[") else f".{shown}"
