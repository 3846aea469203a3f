"""Stands between the engine and its ports: outages, lost, late and stale answers, sudden death."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from canary.errors import ClusterError
from tests.simulation.scenario import Faults

WRITES = frozenset(
    {
        *("router.write", "apex.point_to", "fleet.scale", "fleet.copy", "fleet.discard"),
        *("autoscalers.hold", "autoscalers.release"),
    }
)
CACHED = frozenset({"router.route", "apex.version", "fleet.pods"})
API = ("router.", "apex.", "fleet.", "autoscalers.")
STALE_S = 3.0  # a cache is not further behind
MOST_CALLS = 50_000  # of one run: the longest of a hundred thousand stories makes a tenth of them


class Bug(Exception):
    """A bug of ours: raised once."""


class Death(BaseException):
    """The process is gone: every later call raises it again."""


class Surroundings(Protocol):
    """What goes on around a driver while it makes its calls."""

    def now_s(self) -> float:
        """The clock's seconds."""

    def let_pass(self, seconds: float) -> None:
        """Time goes by, and everybody else acts."""

    def down(self) -> bool:
        """Whether the API server is."""

    def visit(self) -> None:
        """Somebody else starts an update, which runs to its end."""

    def rivals(self, of: Interference) -> list[str]:
        """The runs that other drivers carry out now, and are alive."""


class Interference:
    """Counts the calls of one driver's ports, and does to them what was drawn."""

    def __init__(self, around: Surroundings, faults: Faults | None = None) -> None:
        self.calls = 0
        self.stopped = False
        self.dead = False
        self.effects = 0
        self._hit = False
        self._around = around
        self._faults = faults or Faults()
        self._answers: dict[str, tuple[float, Any]] = {}

    def over(self, name: str, port: object) -> Any:
        """The port, with everything that may come between."""
        return _Interfered(self, name, port)

    def call(self, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._live_or_die(name)
        self._stop_for_a_while()
        if name.startswith(API) and self._around.down():
            raise ClusterError("the API server did not answer", retryable=True)
        rivals = self._around.rivals(self) if name in WRITES else []
        result = self._answer(name, method, *args, **kwargs)
        assert not rivals, f"{name} while {', '.join(rivals)} was at work: two writers"
        if self.calls in self._faults.late_s:
            self._around.let_pass(self._faults.late_s[self.calls])
        if name in WRITES and self.calls in self._faults.lost:
            raise ClusterError("the answer was lost", retryable=True)
        return result

    def _answer(self, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the port says, or what it said a moment ago."""
        now_s = self._around.now_s()
        if name not in CACHED:
            return method(*args, **kwargs)
        said_s, before = self._answers.get(name, (float("-inf"), None))
        if self.calls in self._faults.stale and now_s - said_s <= STALE_S:
            return before
        result = method(*args, **kwargs)
        self._answers[name] = (now_s, result)
        return result

    def _stop_for_a_while(self) -> None:
        pause = self._faults.pause
        if pause and self.calls == pause.call:
            self.stopped = True
            self._around.let_pass(pause.seconds)
        if self.calls == self._faults.visit_call:
            self._around.visit()
        self.stopped = False

    def _live_or_die(self, name: str) -> None:
        self.calls += 1
        self.effects += name in WRITES
        assert self.calls <= MOST_CALLS, "a run without an end"
        crash = self._faults.crash
        if (
            crash
            and crash.call == (self.effects if crash.effects else self.calls)
            and not self._hit
        ):
            self._hit = True
            self.dead = crash.deadly
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
