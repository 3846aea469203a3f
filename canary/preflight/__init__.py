"""Looks before anything is touched: whether the cluster is what the configuration says.

Read-only, concurrent, and bounded in time; hooks are never called. What this stack installs itself
and has not created yet is not missed. It also reads what serves each app right now,
because the stack's state may be wrong about that.
"""

from __future__ import annotations

from canary.preflight.findings import Findings
from canary.preflight.guarding import LOST, Post
from canary.preflight.look import Doors, look
from canary.preflight.rights import rules_in

__all__ = ["LOST", "Doors", "Findings", "Post", "look", "rules_in"]
