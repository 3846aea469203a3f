"""Where the bed keeps its files: builds and images for the user, run-time state for each bed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.bed.errors import BedError

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?")
# The bed lays an overlay over these, which would hide a cache inside them from the bed itself.
OVERLAID = (Path("/var"), Path("/etc"), Path("/usr/libexec"), Path("/run"))


def cache_root() -> Path:
    """The user's cache of builds, images and beds; CANARY_BED_CACHE moves it."""
    named = os.environ.get("CANARY_BED_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    root = Path(named) if named else Path(home) / "canary-bed"
    root = root.absolute().resolve()
    if any(root.is_relative_to(hidden) for hidden in OVERLAID):
        raise BedError(
            f"the cache {root} lies where the bed mounts its own files: set CANARY_BED_CACHE "
            "to a directory outside /var, /etc, /usr/libexec and /run"
        )
    return root


def state_dir_of(name: str) -> Path:
    """Where the bed `name` keeps its run-time state, logs and kubeconfig."""
    if not NAME.fullmatch(name):
        raise BedError(
            f"{name!r} is no name for a bed: use up to 16 lower-case letters, digits and dashes"
        )
    return cache_root() / "run" / name
