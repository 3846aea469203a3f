"""Tells allocator and collector that this process has many threads, little memory, and much to do.

glibc gives threads arenas of their own, eight a core, and each keeps what was freed in it. Two
hundred runs that each read answers of some hundred kilobytes so kept 26 MB that nobody used. One
arena costs nothing here: threads that run Python wait for each other anyway.

Python's collector looks for cycles whenever some hundred objects were made, again and again through
everything that lasts: the modules, and each answer while it is read. That was a third of the
processor time of two hundred runs, and all of them stood still for up to half a second. What an
answer is made of has no cycles (`canary.adapters.http`), so it is looked for seldom.
"""

from __future__ import annotations

import ctypes
import functools
import gc

_OPTIONS = (
    (-8, 1),  # M_ARENA_MAX
    (-3, 32_768),  # M_MMAP_THRESHOLD: what is larger goes back to the system when it is freed
    (-1, 65_536),  # M_TRIM_THRESHOLD: so does what is free at the end
)
_COLLECTOR = (10_000, 10, 50)  # an answer for all runs may have ten thousand lists and mappings


@functools.cache
def be_thrifty() -> bool:
    """Whether the allocator could be told; other libraries than glibc are left as they are.

    What there is by now, which is what was imported, is not looked through again.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECTOR)
    try:
        tell = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(tell(option, value) for option, value in _OPTIONS)
