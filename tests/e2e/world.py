"""One test's own corner of the shared cluster: a namespace, a host name, a stack, and its app."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canary.core.record import Record
from tests.e2e.probes import PodProbe, Probe
from tests.e2e.project import CHECKOUT, Project
from tests.e2e.settings import ELSEWHERE, Config, echo_app, merged, podinfo
from tests.e2e.shared import Platform
from tests.e2e.weights import Weights

RECORD = "canary.rollout/record"
ROUTED = "traefikservices,ingressroutes,services"
SIZED = "deployments,configmaps,poddisruptionbudgets,serviceaccounts"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod's name, how often its containers were restarted, and its version."""

    name: str
    restarts: int
    version: str


class World:
    """A project with one app called `app`; more can be written with `project.write`."""

    def __init__(self, platform: Platform, directory: Path, name: str) -> None:
        self.platform = platform
        self.bed = platform.bed
        self.directory = directory
        self.app = "podinfo"
        self.shared: Config = dict(ELSEWHERE)
        self.namespace = name
        self.host = f"{name}.test"
        self.project = Project(self.bed, directory / "project", name)

    def write(self, image: str, changes: Mapping[str, Any] | None = None) -> None:
        """Configure the one app: podinfo with this image, and further changes of its settings."""
        self.write_apps({self.app: self.settings(image, changes)})

    def write_testapp(self, tag: str, changes: Mapping[str, Any] | None = None) -> None:
        """Configure the one app: the test app of this tag, and further changes of its settings."""
        own = echo_app(tag, self.namespace, self.host)
        self.write_apps({self.app: merged(own, changes or {})})

    def write_apps(self, apps: Mapping[str, Config]) -> None:
        """Configure all apps."""
        self.project.write({**self.shared, "apps": dict(apps)})

    def settings(self, image: str, changes: Mapping[str, Any] | None = None) -> Config:
        """The one app's settings."""
        return merged(podinfo(image, self.namespace, self.host), changes or {})

    def probe(
        self, *, rate: float = 50.0, methods: tuple[str, ...] = ("GET",), host: str = ""
    ) -> Probe:
        """A user of the app, through Traefik."""
        return Probe(
            self.bed,
            self.platform.traefik,
            host or self.host,
            rate=rate,
            methods=methods,
            directory=self.directory,
        )

    def pod_probe(self, *, rate: float = 20.0) -> PodProbe:
        """A caller of the app inside the cluster."""
        return PodProbe(self.bed, f"{self.app}.{self.namespace}", rate=rate)

    def weights(self, app: str = "") -> Weights:
        """Follow the weights of the one app, or of another."""
        return Weights(self.bed, self.namespace, app or self.app)

    def record(self, app: str = "") -> Record:
        """What the cluster says about the app now."""
        body = self.object("traefikservice", app or self.app)
        return Record.from_json(body["metadata"]["annotations"][RECORD])

    def object(self, kind: str, name: str) -> dict[str, Any]:
        """One object of the namespace."""
        text = self.bed.kubectl("-n", self.namespace, "get", kind, name, "-o", "json")
        body: dict[str, Any] = json.loads(text)
        return body

    def objects(self, kinds: str, selector: str = "") -> list[dict[str, Any]]:
        """All objects of the namespace of these kinds."""
        labels = ("-l", selector) if selector else ()
        text = self.bed.kubectl("-n", self.namespace, "get", kinds, *labels, "-o", "json")
        return list(json.loads(text)["items"])

    def members(self, app: str = "") -> dict[str, dict[str, int]]:
        """What each of the app's two weighted lists says now: weights by object name."""
        names = (app or self.app, f"{app or self.app}-shielded")
        lists = {name: self.object("traefikservice", name) for name in names}
        return {
            name: {m["name"]: m["weight"] for m in body["spec"]["weighted"]["services"]}
            for name, body in lists.items()
        }

    def apex_version(self, app: str = "") -> str:
        """Which version callers inside the cluster reach."""
        selector = self.object("service", app or self.app)["spec"].get("selector") or {}
        return str(selector.get("app.kubernetes.io/version", ""))

    def pods(self, version: str = "") -> list[Pod]:
        """The one app's pods, of one version or of all, by name."""
        found = [
            Pod(
                name=body["metadata"]["name"],
                restarts=sum(c["restartCount"] for c in _statuses(body)),
                version=body["metadata"]["labels"]["app.kubernetes.io/version"],
            )
            for body in self.objects("pods", f"app.kubernetes.io/name={self.app}")
        ]
        return sorted((pod for pod in found if version in {"", pod.version}), key=lambda p: p.name)

    def versions(self) -> set[str]:
        """The versions of the one app that have a Deployment which is not being deleted."""
        label = "app.kubernetes.io/version"
        found = self.objects("deployments", f"app.kubernetes.io/name={self.app}")
        kept = [body["metadata"] for body in found if "deletionTimestamp" not in body["metadata"]]
        return {metadata["labels"][label] for metadata in kept}

    def marks(self, *, sized: str = SIZED) -> dict[str, Any]:
        """What is there and how often it was written, without what only counts pods."""
        written = {
            _name(body): body["metadata"]["resourceVersion"] for body in self.objects(ROUTED)
        }
        wanted = {_name(body): body["metadata"].get("generation") for body in self.objects(sized)}
        return {**written, **wanted}

    def canary(self, *arguments: str, code: int = 0) -> str:
        """What `python -m canary` prints."""
        command = [sys.executable, "-m", "canary", *arguments]
        out = subprocess.PIPE
        with self.bed.popen(
            command, cwd=CHECKOUT, stdout=out, stderr=subprocess.STDOUT, text=True
        ) as process:
            text, _ = process.communicate(timeout=120)
        assert process.returncode == code, text
        return str(text)

    def events(self) -> str:
        """What the cluster says happened in the namespace, oldest first, one line each."""
        return "\n".join(sorted(_told(body) for body in self.objects("events")))

    def close(self) -> None:
        """Leave nothing."""
        self.project.close((self.namespace,))


def _name(body: dict[str, Any]) -> str:
    return f"{body['kind']}/{body['metadata']['name']}"


def _statuses(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return list(pod["status"].get("containerStatuses") or [])


def _told(event: dict[str, Any]) -> str:
    when = event.get("lastTimestamp") or event.get("eventTime") or ""
    kind = f"{event['type']} {event['reason']} ×{event.get('count') or 1}"
    return f"{when} {kind} {event['involvedObject']['name']}: {event.get('message', '')}"
