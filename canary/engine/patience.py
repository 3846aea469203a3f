"""Patience: do something again while its error may heal, for a bounded time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from canary.errors import ConflictError, PortError
from canary.ports import Ports

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 1.0

_Result = TypeVar("_Result")


def patiently(action: Callable[[], _Result], ports: Ports, seconds: float) -> _Result:
    """Run `action` until it succeeds, and return what it returned.

    Raises:
        PortError: it failed in a way that does not heal, or for longer than `seconds`.
    """
    deadline_s = ports.clock.now_s() + seconds
    wait_s = FIRST_WAIT_S
    while True:
        ports.heartbeat.beat()
        try:
            return action()
        except PortError as error:
            if not error.retryable or ports.clock.now_s() + wait_s > deadline_s:
                raise
        ports.clock.wait(wait_s)
        wait_s = min(LONGEST_WAIT_S, 2 * wait_s)


def insist(write: Callable[[], None]) -> None:
    """A conflict is no reason to leave traffic where it is: look, and write again.

    Raises:
        PortError: it was not written.
    """
    try:
        write()
    except ConflictError as error:
        raise PortError(str(error), retryable=True) from error
