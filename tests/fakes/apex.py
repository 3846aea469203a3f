"""The Service that callers inside the cluster use, in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection

from canary.errors import PortError


class FakeApex:
    """Implements `canary.ports.Apex`.

    `up`, when given, names the versions with ready endpoints: callers are never pointed to a
    version without any while another has some. `faults` are raised by the next calls, one each.
    """

    def __init__(self, version: str = "", up: Callable[[], Collection[str]] | None = None) -> None:
        self.selected = version
        self.flips: list[str] = []
        self.faults: list[PortError] = []
        self._up = up

    def version(self) -> str:
        self._raise_fault()
        return self.selected

    def point_to(self, version: str) -> None:
        self._raise_fault()
        if version == self.selected:
            return
        up = set() if self._up is None else set(self._up())
        assert not version or not up or version in up, f"callers pointed to {version}: it is down"
        self.selected = version
        self.flips.append(version)

    def _raise_fault(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
