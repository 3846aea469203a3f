"""Follows how many pods each version has, and what an autoscaler would make of them.

What came first is told by the API server's revisions: a watch may lag behind another by seconds.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.bed.cluster import Bed
from tests.bed.errors import BedError
from tests.e2e.watching import Watching
from tests.e2e.world import World

_WANTED = '{.metadata.name}|{.metadata.resourceVersion}|{.spec.replicas}{"\\n"}'
_READY = (
    "{.metadata.name}|{.metadata.resourceVersion}|"
    r"{.metadata.labels.app\.kubernetes\.io/version}|"
    '{.status.conditions[?(@.type=="Ready")].status}{"\\n"}'
)
_PERIOD_S = 1.0  # the real one looks every 15 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many pods a version has from the API server's `revision` on."""

    revision: int
    version: str
    pods: int


class Wanted(Watching):
    """How many each version's Deployment asks for; entered before the versions exist or later."""

    def __init__(self, bed: Bed, namespace: str, app: str) -> None:
        self._app = app
        self._found: list[Size] = []
        get = ("-n", namespace, "get", "deployments", f"-o=jsonpath={_WANTED}")
        super().__init__(bed, *get, hear=self._heard)

    def of(self, version: str) -> list[Size]:
        """Everything that was seen of a version, in order."""
        return [size for size in list(self._found) if size.version == version]

    def _heard(self, _at: float, line: str) -> None:
        if line.count("|") == 2:
            name, revision, pods = line.split("|")
            version = name.removeprefix(f"{self._app}-")
            size = Size(revision=int(revision), version=version, pods=int(pods or 0))
            self._found.append(size)


class Ready(Watching):
    """How many pods of each version are ready, as the pods themselves say, which a run looks at."""

    def __init__(self, bed: Bed, namespace: str) -> None:
        self._found: list[Size] = []
        self._ready: dict[str, set[str]] = defaultdict(set)
        get = ("-n", namespace, "get", "pods", f"-o=jsonpath={_READY}")
        super().__init__(bed, *get, hear=self._heard)

    def of(self, version: str) -> list[Size]:
        """Everything that was seen of a version, in order."""
        return [size for size in list(self._found) if size.version == version]

    def _heard(self, _at: float, line: str) -> None:
        if line.count("|") == 3:
            name, revision, version, ready = line.split("|")
            pods = self._ready[version]
            (pods.add if ready == "True" else pods.discard)(name)
            size = Size(revision=int(revision), version=version, pods=len(pods))
            self._found.append(size)


def reached(sizes: Sequence[Size], pods: int) -> int:
    """The revision from which on there were so many."""
    for size in sizes:
        if size.pods >= pods:
            return size.revision
    raise AssertionError(f"never {pods} pods: {sizes}")


class Scaling:
    """Plays the controller of HorizontalPodAutoscalers, for a cluster that has no metrics.

    The real one cannot tell how many pods a version's load wants without metrics; this one is
    told, by version, 1 where nothing is said. What it does with that is the real one's rule: as
    many as wanted, between minReplicas (1 unless given) and maxReplicas, and what has none stays.
    """

    def __init__(self, world: World) -> None:
        self.wants: dict[str, int] = {}
        self._world = world
        self._over = threading.Event()
        self._errors: list[BedError] = []
        self._thread = threading.Thread(target=self._play, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        assert not self._errors, self._errors

    def _play(self) -> None:
        while not self._over.wait(_PERIOD_S):
            try:
                self._step()
            except BedError as error:
                if "NotFound" not in str(error):  # a version may be deleted between two commands
                    self._errors.append(error)

    def _step(self) -> None:
        found = self._world.objects("deployments,horizontalpodautoscalers")
        now = {
            body["metadata"]["name"]: body["spec"].get("replicas", 1)
            for body in found
            if body["kind"] == "Deployment"
        }
        for body in found:
            if body["kind"] == "HorizontalPodAutoscaler":
                self._scale(body, now)

    def _scale(self, scaler: Mapping[str, Any], now: Mapping[str, int]) -> None:
        name, spec = scaler["metadata"]["name"], scaler["spec"]
        wanted = self.wants.get(name.removeprefix(f"{self._world.app}-"), 1)
        wanted = min(spec["maxReplicas"], max(spec.get("minReplicas", 1), wanted))
        if now.get(name, 0) not in (0, wanted):
            patch = json.dumps({"spec": {"replicas": wanted}})
            scale = ("patch", "deployment", name, "--subresource=scale", "--type=merge")
            self._world.bed.kubectl("-n", self._world.namespace, *scale, f"--patch={patch}")
