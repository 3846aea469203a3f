"""Versions and their pods in memory; pods take their time to become ready."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from canary.core.record import BASELINE
from canary.core.seen import Pods
from canary.errors import ClusterError, PortError

SETTLED_S = 10.0  # a pod's probes allow it so long


@dataclass(slots=True)
class Deployed:
    """One version: when each of its pods was made, and what is wrong with them.

    `start_s` is how long a pod takes to become ready, inf for never, and `grow_s` how much longer
    one takes that comes later than the first; there is room for so many as `room` says. The other
    fields are as in `Pods`; `ready`, when set, overrules how many pods are ready; `run` made a
    baseline. An autoscaler, which has a `most`, runs as many pods as it `wants` within its bounds;
    `kept` is the least that is given back.
    """

    born_s: list[float] = field(default_factory=list)
    start_s: float = 0.0
    grow_s: float = 0.0
    room: int = 1_000
    exits: int = 0
    trouble: str = ""
    disturbed: bool = False
    ready: int | None = None
    run: str = ""
    least: int = 1
    most: int = 0
    wants: int = 0
    kept: int = 0

    @property
    def replicas(self) -> int:
        return len(self.born_s)

    def resize(self, replicas: int, now_s: float) -> None:
        """New pods are young; the youngest go first."""
        more = [now_s] * (replicas - self.replicas)
        self.born_s = [*self.born_s[:replicas], *more]

    def starts_s(self) -> list[float]:
        """How long each of its pods takes."""
        first = self.born_s[:1]
        return [self.start_s + self.grow_s * ([born_s] > first) for born_s in self.born_s]

    def autoscale(self, now_s: float) -> None:
        """What its controller does; it leaves what was stopped."""
        if self.most and self.replicas:
            self.resize(min(self.most, max(self.least, self.wants)), now_s)


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
        self.versions[version] = Deployed([self._now_s()] * replicas, start_s)
        return self.versions[version]

    def delete(self, version: str) -> None:
        """Pulumi deletes the version's Deployment."""
        assert version not in self._with_traffic(), f"version {version} deleted under traffic"
        del self.versions[version]

    def pods(self) -> Mapping[str, Pods]:
        self._raise_fault()
        for deployed in self.versions.values():
            deployed.autoscale(self._now_s())
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
        if deployed.most:
            deployed.least, deployed.kept = min(replicas, deployed.most) or 1, 0
            replicas = replicas and (deployed.replicas or 1)
        if replicas != deployed.replicas:
            deployed.resize(replicas, self._now_s())
            self.scaled.append((version, replicas))

    def stop(self, version: str) -> bool:
        """Somebody else than a run stops a version; whether it had pods."""
        deployed = self.versions.get(version)
        if deployed is None or not deployed.replicas:
            return False
        assert version not in self._with_traffic(), f"{version} stopped under traffic"
        deployed.resize(0, self._now_s())
        return True

    def copy(self, version: str, replicas: int, run: str) -> None:
        self._raise_fault()
        if version not in self.versions:
            raise ClusterError(f"Deployment of {version} does not exist", status=404)
        made = self.versions.get(BASELINE)
        if made is not None and made.run == run:
            return
        assert BASELINE not in self._with_traffic(), "a baseline replaced under traffic"
        born_s = [self._now_s()] * replicas
        self.versions[BASELINE] = Deployed(born_s, self.copy_start_s, run=run)
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

    def ready(self, version: str) -> int:
        """How many pods of it are ready."""
        return self._pods(self.versions[version]).ready

    def _pods(self, deployed: Deployed) -> Pods:
        now_s, wanted = self._now_s(), deployed.replicas
        pairs = zip(deployed.born_s, deployed.starts_s(), strict=True)
        pods_s = [(now_s - born_s, start_s) for born_s, start_s in pairs]
        grown = sum(age_s >= start_s for age_s, start_s in pods_s[: deployed.room])
        ready = grown if deployed.ready is None else min(deployed.ready, grown)
        young = sum(age_s < min(start_s, SETTLED_S) for age_s, start_s in pods_s)
        pods = Pods(wanted=wanted, existing=wanted, ready=ready, settling=young)
        return replace(
            pods, exits=deployed.exits, trouble=deployed.trouble, disturbed=deployed.disturbed
        )

    def _with_traffic(self) -> Collection[str]:
        return () if self._routed is None else self._routed()

    def _raise_fault(self) -> None:
        if self.faults:
            raise self.faults.pop(0)
