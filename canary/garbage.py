"""Leaves the garbage of a program that ends soon.

What is made for a resource is needed until its registration is answered, and most of it until the
program ends. Python's collector looks through all of it again and again for cycles that are not
there to be found: a third of the processor time that an app adds to the program. Without it two
hundred apps end with 13 MB more, of 200.
"""

from __future__ import annotations

import gc


def leave() -> None:
    """From now on only what nobody refers to is freed, at once; cycles are not searched for."""
    gc.disable()
