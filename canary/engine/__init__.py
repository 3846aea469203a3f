"""The engine: carries out what the core decides, through the ports."""

from __future__ import annotations

from canary.engine.release import release
from canary.engine.removal import abandon, live, remove
from canary.engine.request import Request
from canary.engine.retirement import retire

__all__ = ["Request", "abandon", "live", "release", "remove", "retire"]
