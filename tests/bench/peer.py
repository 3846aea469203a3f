"""The peer's side: Flagger 1.44 with the Canary of its Traefik tutorial."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.cases import ANALYSIS, NAMESPACE, PEER
from tests.bench.watch import Lines
from tests.e2e.probes import Probe
from tests.e2e.settings import podinfo
from tests.e2e.shared import Platform
from tests.e2e.waiting import await_

GROUP = "flagger.app"
KINDS = {
    "Canary": "canaries",
    "MetricTemplate": "metrictemplates",
    "AlertProvider": "alertproviders",
}
INSTALLED_WITHIN_S = 180.0
SETTLED_WITHIN_S = 180.0
PORT = 18080
APP = "podinfo"
_STATUS = '{.status.phase}|{.status.lastAppliedSpec}{"\\n"}'


class Peer:
    """Implements `tests.bench.sides.Side`; the controller runs beside the cluster, as admin."""

    name = PEER
    canary = f"{APP}-canary"
    service = APP

    def __init__(
        self,
        platform: Platform,
        directory: Path,
        namespace: str = f"{NAMESPACE}-peer",
        analysis: Mapping[str, Any] = ANALYSIS,
    ) -> None:
        self._bed = platform.bed
        self._traefik = platform.traefik
        self._directory = directory
        self._process: subprocess.Popen[Any] | None = None
        self._watched: Lines | None = None
        self._number = 0
        self._before = ""
        self._analysis = dict(analysis)
        self.namespace = namespace
        self.host = f"{self.namespace}.test"

    def install(self, image: str, *more: dict[str, Any]) -> None:
        """Have the controller and the Canary at rest; `more` is what the Canary points to."""
        self.apply(*(_definition(kind, plural) for kind, plural in KINDS.items()))
        for plural in KINDS.values():
            self._bed.kubectl("wait", "--for=condition=Established", f"crd/{plural}.{GROUP}")
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.apply(*more, self.deployment(image), self._canary(), self.route("TraefikService"))
        self._process = self._controller()
        get = ("-n", self.namespace, "get", "canary", APP, f"-o=jsonpath={_STATUS}")
        self._watched = Lines(self._bed, *get).__enter__()
        await_(lambda: self._status()[0] == "Initialized", "the first version", INSTALLED_WITHIN_S)

    def settle(self, image: str) -> None:
        self.patch({"spec": {"skipAnalysis": True}})
        self.begin(image)
        await_(lambda: self.ended() is True, "the peer at rest", SETTLED_WITHIN_S)
        self.patch({"spec": {"skipAnalysis": False}})

    def begin(self, image: str) -> None:
        self._number += 1
        _, self._before = self._status()
        self.apply(self.deployment(image))

    def ended(self) -> bool | None:
        phase, applied = self._status()
        if applied == self._before:
            return None  # it has not noticed yet
        return {"Succeeded": True, "Failed": False}.get(phase)

    def is_canary(self, member: str) -> bool:
        return member == self.canary

    def processes(self) -> tuple[str, ...]:
        return (f"-port={PORT}",)

    def user(self, rate: float) -> Probe:
        return Probe(self._bed, self._traefik, self.host, rate=rate, directory=self._directory)

    def remove(self) -> None:
        if self._watched is not None:
            self._watched.__exit__(None, None, None)
        delete = ("delete", "--ignore-not-found", "--wait=false")
        self._bed.kubectl(*delete, "namespace", self.namespace)
        if self._process is None:
            return  # the kinds may be another one's, and with them would go its Canaries
        self._process.terminate()
        self._process.wait(30)
        for plural in KINDS.values():
            self._bed.kubectl(*delete, "crd", f"{plural}.{GROUP}")

    def template(self, name: str, query: str) -> dict[str, Any]:
        """A MetricTemplate, which asks the Prometheus of the bed."""
        spec = {"provider": {"type": "prometheus", "address": self._prometheus()}, "query": query}
        metadata = {"name": name, "namespace": self.namespace}
        kind = {"apiVersion": f"{GROUP}/v1beta1", "kind": "MetricTemplate"}
        return {**kind, "metadata": metadata, "spec": spec}

    def _prometheus(self) -> str:
        address = ("-n", "canary-system", "get", "service", "prometheus", "-o")
        return f"http://{self._bed.kubectl(*address, 'jsonpath={.spec.clusterIP}')}:9090"

    def _controller(self) -> subprocess.Popen[Any]:
        command = [
            "flagger",
            f"-kubeconfig={self._bed.kubeconfig}",
            "-mesh-provider=traefik",
            f"-metrics-server={self._prometheus()}",
            f"-namespace={self.namespace}",
            f"-port={PORT}",
        ]
        log = (self._directory / "flagger.log").open("w")
        return self._bed.popen(command, stdout=log, stderr=subprocess.STDOUT)

    def _status(self) -> tuple[str, str]:
        """Phase, and which version it is about; watched, for asking would count as its requests."""
        assert self._watched is not None
        last = self._watched.seen[-1][1] if self._watched.seen else "|"
        phase, _, applied = last.partition("|")
        return phase, applied

    def patch(self, change: dict[str, Any]) -> None:
        """Change the Canary."""
        patch = ("patch", "canary", APP, "--type=merge", "-p", json.dumps(change))
        self._bed.kubectl("-n", self.namespace, *patch)

    def apply(self, *objects: dict[str, Any]) -> None:
        """Have objects as given."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self._bed.kubectl("apply", "-f", "-", stdin=json.dumps(items))

    def _metadata(self) -> dict[str, Any]:
        return {"name": APP, "namespace": self.namespace}

    def deployment(self, image: str) -> dict[str, Any]:
        """What the Canary targets, or what a plain Service leads to."""
        ours = podinfo(image, self.namespace, self.host)
        container = {
            "name": "podinfod",
            "image": image,
            "ports": [{"name": "http", "containerPort": 9898}],
            "readinessProbe": ours["probes"]["readiness"],
            "resources": ours["resources"],
        }
        # A number, since the peer takes the same version for no change.
        template = {
            "metadata": {"labels": {"app": APP}, "annotations": {"release": str(self._number)}},
            "spec": {"containers": [container]},
        }
        spec = {
            "replicas": 2,
            "minReadySeconds": 1,
            "progressDeadlineSeconds": 60,
            "selector": {"matchLabels": {"app": APP}},
            "template": template,
        }
        kind = {"apiVersion": "apps/v1", "kind": "Deployment"}
        return {**kind, "metadata": self._metadata(), "spec": spec}

    def _canary(self) -> dict[str, Any]:
        spec = {
            "provider": "traefik",
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP},
            "progressDeadlineSeconds": 60,
            "service": {"port": 80, "targetPort": 9898},
            "analysis": self._analysis,
        }
        kind = {"apiVersion": f"{GROUP}/v1beta1", "kind": "Canary"}
        return {**kind, "metadata": self._metadata(), "spec": spec}

    def route(self, kind: str) -> dict[str, Any]:
        """The way to the Service, or to the TraefikService, of the app's name."""
        member = {"name": APP, "kind": kind, "port": 80}
        rule = {"kind": "Rule", "match": f"Host(`{self.host}`)", "services": [member]}
        head = {"apiVersion": "traefik.io/v1alpha1", "kind": "IngressRoute"}
        spec = {"entryPoints": ["web"], "routes": [rule]}
        return {**head, "metadata": self._metadata(), "spec": spec}


def _definition(kind: str, plural: str) -> dict[str, Any]:
    """A definition that takes any spec: what is right is the peer's to say."""
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
    version = {
        "name": "v1beta1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
    }
