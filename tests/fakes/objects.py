"""The API server's memory, as far as a run can tell: versions, owners of fields, selectors."""

from __future__ import annotations

import copy
import json
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


class Refused(Exception):
    """The server says no."""

    def __init__(self, status: int, reason: str, message: str, name: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.name = name


@dataclass(slots=True)
class Objects:
    """Objects by API path; every write gives a new resourceVersion."""

    by_path: dict[str, Object] = field(default_factory=dict)
    version: int = 100
    lock: threading.RLock = field(default_factory=threading.RLock)

    def read(self, path: str) -> Object:
        with self.lock:
            if path not in self.by_path:
                name = path.rsplit("/", 1)[-1]
                raise Refused(404, "NotFound", f'"{name}" not found', name)
            return copy.deepcopy(self.by_path[path])

    def items(self, collection: str, label: str, fields: str) -> list[Object]:
        with self.lock:
            children = [
                body
                for path, body in sorted(self.by_path.items())
                if collection in (path.rsplit("/", 1)[0], _everywhere(path))
            ]
            return [
                copy.deepcopy(body)
                for body in children
                if _labelled(body, label) and _has_fields(body, fields)
            ]

    def create(self, collection: str, body: Object, manager: str) -> Object:
        with self.lock:
            metadata = body["metadata"]
            if "name" not in metadata:
                metadata["name"] = metadata.pop("generateName") + uuid.uuid4().hex[:5]
            path = f"{collection}/{metadata['name']}"
            if path in self.by_path:
                raise Refused(409, "AlreadyExists", f'"{metadata["name"]}" already exists')
            if "resourceVersion" in metadata:
                raise Refused(400, "BadRequest", "resourceVersion should not be set on create")
            metadata["uid"] = uuid.uuid4().hex
            metadata.setdefault("creationTimestamp", _now())  # tests may make old objects
            return self._store(path, body, manager)

    def replace(self, path: str, body: Object, manager: str) -> Object:
        with self.lock:
            before = self.read(path)
            given = body["metadata"].get("resourceVersion")
            if given and given != before["metadata"]["resourceVersion"]:
                raise Refused(409, "Conflict", "the object has been modified")
            for key in ("uid", "creationTimestamp", "managedFields"):
                body["metadata"][key] = before["metadata"].get(key)
            return self._store(path, body, manager)

    def merge(self, path: str, patch: Object, manager: str) -> Object:
        with self.lock:
            before = self.read(path)
            given = patch.get("metadata", {}).get("resourceVersion")
            if given and given != before["metadata"]["resourceVersion"]:
                raise Refused(409, "Conflict", "the object has been modified")
            return self._store(path, _merged(before, patch), manager)

    def apply(self, path: str, body: Object, manager: str, *, force: bool) -> Object:
        """Just enough of server-side apply: whole specs, not single fields, have an owner."""
        with self.lock:
            if path not in self.by_path:
                return self.create(path.rsplit("/", 1)[0], body, manager)
            before = self.read(path)
            wanted = _merged(before, body)
            others = {e["manager"] for e in before["metadata"]["managedFields"]} - {manager}
            if others and not force and wanted.get("spec") != before.get("spec"):
                message = f'Apply failed with 1 conflict: conflict with "{others.pop()}": .spec'
                raise Refused(409, "Conflict", message)
            return self._store(path, wanted, manager)

    def delete(self, path: str, preconditions: Mapping[str, str]) -> None:
        with self.lock:
            before = self.read(path)["metadata"]
            if any(before.get(key) != value for key, value in preconditions.items()):
                raise Refused(409, "Conflict", "the object has been modified")
            del self.by_path[path]

    def _store(self, path: str, body: Object, manager: str) -> Object:
        if path in self.by_path and _gist(self.by_path[path]) == _gist(body):
            return self.read(path)  # like the real one: no change, no new version
        self.version += 1
        metadata = body["metadata"]
        metadata["resourceVersion"] = str(self.version)
        others = [e for e in metadata.get("managedFields") or [] if e["manager"] != manager]
        metadata["managedFields"] = [*others, {"manager": manager, "time": _now()}]
        self.by_path[path] = copy.deepcopy(body)
        return copy.deepcopy(body)


def _gist(body: Object) -> str:
    metadata = {
        key: value
        for key, value in body["metadata"].items()
        if key not in ("managedFields", "resourceVersion")
    }
    return json.dumps({**body, "metadata": metadata}, sort_keys=True)


def _merged(before: Any, patch: Any) -> Any:
    if not isinstance(before, dict) or not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = {**before}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(before.get(key), value)
    return result


def _labelled(body: Object, selector: str) -> bool:
    labels = body["metadata"].get("labels") or {}
    if among := re.fullmatch(r"(\S+) in \((\S+)\)", selector):
        return labels.get(among[1]) in among[2].split(",")
    pairs = (part.split("=", 1) for part in selector.split(",") if part)
    return all(labels.get(key) == value for key, value in pairs)


def _has_fields(body: Object, selector: str) -> bool:
    for part in filter(None, selector.split(",")):
        dotted, wanted = part.split("=", 1)
        value: Any = body
        for key in dotted.split("."):
            value = (value or {}).get(key)
        if value != wanted:
            return False
    return True


def _everywhere(path: str) -> str:
    """The collection of all namespaces that an object is in."""
    head, _, rest = path.partition("/namespaces/")
    return f"{head}/{rest.split('/')[1]}" if rest.count("/") == 2 else ""


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
