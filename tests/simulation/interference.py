"""Stands between the engine and its ports: outages, lost answers, bugs and sudden death."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from canary.errors import ClusterError
from tests.simulation.scenario import Crash, Pause

WRITES = frozenset({"router.write", "apex.point_to", "fleet.scale"})
API = ("router.", "apex.", "fleet.")


class Bug(Exception):
    """A bug of ours: raised once."""


class Death(BaseException):
    """The process is gone: every later call raises it again."""


class Interference:
    """Counts the calls of one driver's ports; `down` tells whether the API server is."""

    def __init__(
        self,
        down: Callable[[], bool],
        crash: Crash | None = None,
        lost: frozenset[int] = frozenset(),
    ) -> None:
        self.calls = 0
        self.stopped = False
        self.dead = False
        self._down = down
        self._crash = crash
        self._lost = lost
        self._sleep: Callable[[float], None] = lambda _: None
        self._pause: Pause | None = None

    def pause_by(self, sleep: Callable[[float], None], pause: Pause | None) -> None:
        """Stop the process for a while; `sleep` lets the rest of the world go on."""
        self._sleep, self._pause = sleep, pause

    def over(self, name: str, port: object) -> Any:
        """The port, with everything that may come between."""
        return _Interfered(self, name, port)

    def call(self, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._live_or_die()
        self._stop_for_a_while()
        if name.startswith(API) and self._down():
            raise ClusterError("the API server did not answer", retryable=True)
        result = method(*args, **kwargs)
        if name in WRITES and self.calls in self._lost:
            raise ClusterError("the answer was lost", retryable=True)
        return result

    def _stop_for_a_while(self) -> None:
        if self._pause and self.calls == self._pause.call and not self.stopped:
            self.stopped = True
            self._sleep(self._pause.seconds)
            self.stopped = False

    def _live_or_die(self) -> None:
        self.calls += 1
        if self._crash and self.calls == self._crash.call:
            self.dead = self._crash.deadly
            if not self.dead:
                raise Bug("a bug")
        if self.dead:
            raise Death


class _Interfered:
    def __init__(self, interference: Interference, name: str, port: object) -> None:
        self._interference = interference
        self._name = name
        self._port = port

    def __getattr__(self, method: str) -> Any:
        called = getattr(self._port, method)
        return lambda *args, **kwargs: self._interference.call(
            f"{self._name}.{method}", called, *args, **kwargs
        )
