"""What changes between the old inputs and the new ones, and whether that needs a new object.

The live object plays no part: fields that others own, such as a Deployment's replicas or a
Service's selector, are in neither side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.bed.plugin.check import is_autonamed
from tests.bed.plugin.wire import revealed

_ALWAYS: Final = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
_IMMUTABLE: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "ClusterRoleBinding": (("roleRef",),),
    "ConfigMap": (("data",), ("binaryData",), ("immutable",)),
    "Deployment": (("spec", "selector"),),
    "PersistentVolumeClaim": (("spec",),),
    "RoleBinding": (("roleRef",),),
    "Secret": (("data",), ("stringData",), ("type",), ("immutable",)),
    "Service": (("spec", "clusterIP"),),
}
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The answer to Diff.

    Attributes:
        changes: property path -> "add", "delete" or "update".
        replaces: the paths among them that only a new object can change.
    """

    changes: dict[str, str]
    replaces: frozenset[str]
    delete_before_replace: bool


def difference(kind: str, old_inputs: dict[str, Any], new_inputs: dict[str, Any]) -> Difference:
    """Compare two sets of inputs of one resource; an unknown value counts as a change."""
    old, new = revealed(old_inputs), revealed(new_inputs)
    immutable = [*_ALWAYS, *_IMMUTABLE.get(kind, ())]
    found = dict(_changes(old, new, ()))
    for path in immutable:
        if _at(old, path) != _at(new, path) and not any(_within(c, path) for c in found):
            found[path] = _sort(_at(old, path), _at(new, path))
    replaces = {path for path in found if any(_within(path, fixed) for fixed in immutable)}
    same_name = _at(old, ("metadata", "name")) == _at(new, ("metadata", "name"))
    same_namespace = _at(old, ("metadata", "namespace")) == _at(new, ("metadata", "namespace"))
    return Difference(
        changes={written(path): sort for path, sort in found.items()},
        replaces=frozenset(map(written, replaces)),
        delete_before_replace=(
            bool(replaces) and same_name and same_namespace and not is_autonamed(new)
        ),
    )


def written(path: Path) -> str:
    """The path in Pulumi's notation: `spec.ports[0].name`, `metadata.labels["a.b/c"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def _changes(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _changes(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _changes(_item(old, index), _item(new, index), (*path, index))
    elif old != new:
        yield path, _sort(old, new)


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _sort(old: Any, new: Any) -> str:
    if old is None:
        return "add"
    return "delete" if new is None else "update"


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _within(path: Path, ancestor: Path) -> bool:
    return path[: len(ancestor)] == ancestor
