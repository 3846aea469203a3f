"""Merges a configured pod template over the generated one, as `kubectl` merges a patch.

Maps merge key by key and `null` deletes a key. Lists of named things merge by name, with
`$patch: delete` to drop one; every other list is replaced. Deliberately absent: the other `$patch`
directives and `$setElementOrder`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from canary.errors import RenderError

# Which key tells the elements of a list apart, by the list's own name.
_NAMED_BY: Final = {
    "containers": "name",
    "initContainers": "name",
    "ports": "name",
    "env": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}
# Elements with one value of several kinds (a literal or a reference, an emptyDir or a Secret): two
# of them merged would be two kinds at once, which the API server refuses.
_REPLACED: Final = frozenset({"env", "volumes", "topologySpreadConstraints"})
# A probe or a hook does one of these.
_HANDLERS: Final = frozenset({"exec", "grpc", "httpGet", "sleep", "tcpSocket"})


def merged(base: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return `base` with `patch` laid over it; neither is changed.

    Args:
        base: the generated map.
        patch: what the configuration says instead.
        path: where `patch` stands in the configuration, for error messages.

    Raises:
        RenderError: a list element lacks the name that it is merged by, or has a map's place.
    """
    kept = {key: value for key, value in base.items() if not _ousted(key, patch)}
    for key, value in patch.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = _value(key, kept.get(key), value, f"{path}.{key}")
    return kept


def _ousted(key: str, patch: Mapping[str, Any]) -> bool:
    return key in _HANDLERS and key not in patch and not _HANDLERS.isdisjoint(patch)


def _value(key: str, old: Any, new: Any, path: str) -> Any:
    if isinstance(new, Mapping):
        return merged(old if isinstance(old, Mapping) else {}, new, path)
    if isinstance(new, list) and key in _NAMED_BY:
        return _named(key, old if isinstance(old, list) else [], new, path)
    if isinstance(old, (dict, list)) and not isinstance(new, list):
        kind = "a map" if isinstance(old, dict) else "a list"
        raise RenderError(f"{path}: expected {kind}")
    return new


def _named(key: str, old: Sequence[Any], new: Sequence[Any], path: str) -> list[Any]:
    by = _NAMED_BY[key]
    elements = {element[by]: element for element in old}
    for index, element in enumerate(new):
        name = _name(element, by, f"{path}[{index}]")
        if element.get("$patch") == "delete":
            elements.pop(name, None)
            continue
        below = {} if key in _REPLACED else elements.get(name, {})
        elements[name] = merged(below, element, f"{path}[{name}]")
    return list(elements.values())


def _name(element: Any, by: str, path: str) -> str:
    if not isinstance(element, Mapping):
        raise RenderError(f"{path}: expected a map")
    name = element.get(by)
    if not isinstance(name, str) or not name:
        raise RenderError(f"{path}: `{by}` is missing; elements of this list are merged by it")
    return name
