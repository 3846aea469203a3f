"""The outside world, in rooms by what is out there; errors of libraries are translated here."""

from __future__ import annotations

import sys
from types import ModuleType

# httpx imports its command line, if that finds what it draws with: eighty modules and 5 MB that
# nobody here uses. It is content without one.
sys.modules.setdefault("httpx._main", ModuleType("httpx._main"))
