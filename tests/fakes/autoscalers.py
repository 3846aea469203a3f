"""The autoscalers of the versions of a fake fleet."""

from __future__ import annotations

from canary.errors import PortError
from tests.fakes.fleet import Deployed, FakeFleet


class FakeAutoscalers:
    """Implements `canary.ports.Autoscalers`; `faults` are raised by the next calls, one each."""

    def __init__(self, fleet: FakeFleet) -> None:
        self.faults: list[PortError] = []
        self._fleet = fleet

    def hold(self, version: str) -> bool:
        deployed = self._found(version)
        if deployed and deployed.replicas > deployed.least:
            deployed.kept = deployed.kept or deployed.least
            deployed.least = deployed.replicas
        return deployed is not None and deployed.kept > 0

    def release(self, version: str) -> None:
        deployed = self._found(version)
        if deployed and deployed.kept:
            deployed.least, deployed.kept = deployed.kept, 0

    def _found(self, version: str) -> Deployed | None:
        if self.faults:
            raise self.faults.pop(0)
        deployed = self._fleet.versions.get(version)
        return deployed if deployed and deployed.most else None
