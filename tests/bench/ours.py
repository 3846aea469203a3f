"""This project's side: a stack of its own, released by the real `pulumi up`."""

from __future__ import annotations

from pathlib import Path

from tests.bench.cases import ANALYSIS, NAMESPACE, OURS
from tests.e2e.probes import Probe
from tests.e2e.project import Running
from tests.e2e.settings import ELSEWHERE, Config, merged, podinfo
from tests.e2e.shared import Platform
from tests.e2e.world import World

# One provider and one CLI; the program's own process ends with its declarations.
PROCESSES = ("pulumi up", "pulumi.dynamic", "pulumi-language-python", "pulumi-resource-kubernetes")


class Ours:
    """Implements `tests.bench.sides.Side`."""

    name = OURS

    def __init__(self, platform: Platform, directory: Path) -> None:
        self._world = World(platform, directory, f"{NAMESPACE}-ours")
        self._running: Running | None = None
        self._primary = ""
        self.service = self._world.app
        self.namespace = self._world.namespace

    def install(self, image: str) -> None:
        self._world.project.init()
        self._write(image)
        self._world.project.up()

    def settle(self, image: str) -> None:
        self._write(image, {"skipAnalysis": True})
        self._world.project.up()

    def begin(self, image: str) -> None:
        self._primary = self._world.record().primary
        self._write(image)
        self._running = self._world.project.start_up()

    def ended(self) -> bool | None:
        assert self._running is not None
        code = self._running.process.poll()
        return None if code is None else code == 0

    def is_canary(self, member: str) -> bool:
        return member != f"podinfo-{self._primary}"

    def processes(self) -> tuple[str, ...]:
        return PROCESSES

    def user(self, rate: float) -> Probe:
        return self._world.probe(rate=rate)

    def remove(self) -> None:
        self._world.close()

    def _write(self, image: str, changes: Config | None = None) -> None:
        # Going back and forth between two good versions is a release here, never a way back.
        plan: Config = {"analysis": ANALYSIS, "rollbackWindow": "0s"}
        app = podinfo(image, self._world.namespace, self._world.host)
        del app["analysis"], app["drain"]
        elsewhere = merged(ELSEWHERE, {"prometheus": {"scrapeInterval": "5s"}})
        apps = {self._world.app: merged(merged(app, plan), changes or {})}
        self._world.project.write({**elsewhere, "apps": apps})
