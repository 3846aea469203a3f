"""Tells the C library's allocator that this process has many threads and little memory.

glibc gives threads arenas of their own, eight a core, and each keeps what was freed in it. Two
hundred runs that each read answers of some hundred kilobytes so kept 26 MB that nobody used. One
arena costs nothing here: threads that run Python wait for each other anyway.
"""

from __future__ import annotations

import ctypes
import functools

_OPTIONS = (
    (-8, 1),  # M_ARENA_MAX
    (-3, 32_768),  # M_MMAP_THRESHOLD: what is larger goes back to the system when it is freed
    (-1, 65_536),  # M_TRIM_THRESHOLD: so does what is free at the end
)


@functools.cache
def be_thrifty() -> bool:
    """Whether the allocator could be told; other libraries than glibc are left as they are."""
    try:
        tell = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(tell(option, value) for option, value in _OPTIONS)
