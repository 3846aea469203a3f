"""Configured files: one ConfigMap per version, each file mounted at its own path.

A file is mounted by `subPath`, so that what the image has beside it stays visible. Such a mount is
never refreshed, which suits a version: it does not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from canary.errors import RenderError

VOLUME: Final = "config-files"
# The API server refuses larger objects; the rest of the ConfigMap needs some room too.
MAX_BYTES: Final = 1_000_000


def config_map_data(files: Mapping[str, str]) -> dict[str, str]:
    """Return the ConfigMap's data for files by absolute path.

    Raises:
        RenderError: two paths share a key, or all files together exceed what an object may hold.
    """
    data: dict[str, str] = {}
    for path, content in sorted(files.items()):
        key = file_key(path)
        if key in data:
            raise RenderError(f"configFiles: {path} cannot be told from another file ({key})")
        data[key] = content
    size = sum(len(content.encode()) for content in data.values())
    if size > MAX_BYTES:
        raise RenderError(f"configFiles: {size} bytes, at most {MAX_BYTES} fit a ConfigMap")
    return data


def file_key(path: str) -> str:
    """Return the ConfigMap key of an absolute path: `/etc/app/a.yaml` is `etc.app.a.yaml`."""
    return path.strip("/").replace("/", ".")


def file_mounts(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a volume mount per file."""
    return [
        {"name": VOLUME, "mountPath": path, "subPath": file_key(path), "readOnly": True}
        for path in sorted(files)
    ]
