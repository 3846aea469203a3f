"""Versions and their pods in memory; pods take their time to become ready."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from canary.core.record import BASELINE
from canary.core.seen import Pods
from canary.errors import ClusterError, PortError


@dataclass(slots=True)
class Deployed:
    """One version: its size, when it got it, and what is wrong with it.

    `start_s` is how long a pod takes to become ready, inf for never. The other fields are as in
    `Pods`; `ready`, when set, overrules how many pods are ready; `run` made a baseline.
    """

    replicas: int = 0
    since_s: float = 0.0
    start_s: float = 0.0
    exits: int = 0
    trouble: str = ""
    disturbed: bool = False
    ready: int | None = None
    run: str = ""


class FakeFleet:
    """Implements `canary.ports.Fleet`.

    `routed`, when given, names the versions that have traffic: stopping one of them is refused.
    `faults` are raised by the next calls, one each; `copy_start_s` is a baseline's `start_s`.
    """

    def __init__(
        self,
        now_s: Callable[[], float] = lambda: 0.0,
        routed: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self.versions: dict[str, Deployed] = {}
        self.faults: list[PortError] = []
        self.scaled: list[tuple[str, int]] = []
        self.copy_start_s = 0.0
        self._now_s = now_s
        self._routed = routed

    def deploy(self, version: str, replicas: int = 0, start_s: float = 0.0) -> Deployed:
        """Pulumi creates the version's Deployment."""
        assert version not in self.versions, "a version is immutable"
        self.versions[version] = Deployed(replicas, self._now_s(), start_s)
        return self.versions[version]

    def delete(self, version: str) -> None:
        """Pulumi deletes the version's Deployment."""
        assert version not in self._with_traffic(), f"version {version} deleted under traffic"
        del self.versions[version]

    def pods(self) -> Mapping[str, Pods]:
        self._raise_fault()
        return {version: self._pods(deployed) for version, deployed in self.versions.items()}

    def scale(self, version: str, replicas: int) -> None:
        self._raise_fault()
        assert replicas >= 0, "a number of pods is not negative"
        if version not in self.versions:
            if replicas == 0:
                return
            raise ClusterError(f"Deployment of {version} does not exist", status=404)
        assert replicas or version not in self._with_traffic(), f"{version} stopped under traffic"
        deployed = self.versions[version]
        if replicas != deployed.replicas:
            deployed.since_s = self._now_s()
            deployed.replicas = replicas
            self.scaled.append((version, replicas))

    def stop(self, version: str) -> bool:
        """Somebody else than a run stops a version; whether it had pods."""
        deployed = self.versions.get(version)
        if deployed is None or not deployed.replicas:
            return False
        assert version not in self._with_traffic(), f"{version} stopped under traffic"
        deployed.replicas, deployed.since_s = 0, self._now_s()
        return True

    def copy(self, version: str, replicas: int, run: str) -> None:
        self._raise_fault()
        if version not in self.versions:
            raise ClusterError(f"Deployment of {version} does not exist", status=404)
        made = self.versions.get(BASELINE)
        if made is not None and made.run == run:
            return
        assert BASELINE not in self._with_traffic(), "a baseline replaced under traffic"
        self.versions[BASELINE] = Deployed(replicas, self._now_s(), self.copy_start_s, run=run)
        self.scaled.append((BASELINE, replicas))

    def discard(self, run: str = "") -> None:
        self._raise_fault()
        made = self.versions.get(BASELINE)
        if made is None or run not in ("", made.run):
            return
        assert BASELINE not in self._with_traffic(), "a baseline deleted under traffic"
        del self.versions[BASELINE]
        self.scaled.append((BASELINE, 0))

    def up(self) -> set[str]:
        """The versions that have ready pods."""
        return {name for name, deployed in self.versions.items() if self._pods(deployed).ready}

    def _pods(self, deployed: Deployed) -> Pods:
        grown = self._now_s() >= deployed.since_s + deployed.start_s
        ready = deployed.ready if deployed.ready is not None else deployed.replicas
        ready = min(ready, deployed.replicas) if grown else 0
        pods = Pods(wanted=deployed.replicas, existing=deployed.replicas, ready=ready)
        return replace(
            pods, exits=deployed.exits, trouble=deployed.trouble, disturbed=deployed.disturbed
        )

    def _with_traffic(self) -> Collection[str]:
        return () if self._routed is None else self._routed()

    def _raise_fault(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
