"""Turns the peer's Canaries into stack configuration, and says what is not as it was.

Pure but for `main`: documents in, configuration and remarks out. What is supported is decided by
the configuration's own models: a field goes over under its name, and what they refuse is taken out.
"""

from __future__ import annotations

from canary.convert.command import main
from canary.convert.conversion import Conversion, converted

__all__ = ["Conversion", "converted", "main"]
