"""Clients with a constant rate: one inside the bed but outside the cluster, one in a pod."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.bed import pins
from tests.bed.cluster import Bed
from tests.e2e.answers import Answers
from tests.e2e.settings import ASKED
from tests.e2e.waiting import await_

PROBER = Path(__file__).with_name("prober.py")
NAMESPACE = "default"
ANSWERS_WITHIN_S = 60.0
ENDS_WITHIN_S = 60.0
HARDENED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

# Two questions at once from one port race in the kernel's connection tracking, which now and then
# loses one of them; the resolver then waits five seconds, which is no failure of the app.
ASKED_IN_TURN = [{"name": "single-request-reopen"}, {"name": "timeout", "value": "1"}]


class Probe:
    """Asks a host through Traefik, as users do; a context manager that answers at once.

    It begins when every replica of Traefik has a route for the host.

    with Probe(bed, address, "app.test", rate=50, methods=("GET", "POST")) as probe:
        …
    assert not probe.answers().failed()
    """

    def __init__(
        self,
        bed: Bed,
        address: str,
        host: str,
        *,
        rate: float = 50.0,
        methods: tuple[str, ...] = ("GET",),
        directory: Path,
    ) -> None:
        """Prepare; `address` is an IP address inside the bed, `rate` is in requests/s."""
        self._bed = bed
        self._file = directory / f"probe-{uuid.uuid4().hex[:6]}.jsonl"
        options = ["--host", address, "--name", host, "--rate", f"{rate:g}", "--keep-alive"]
        script = [sys.executable, "-E", "-s", str(PROBER)]
        self._command = [*script, *options, "--once-routed", "--methods", ",".join(methods)]
        self._process: subprocess.Popen[str] | None = None

    def saying(self, header: str) -> Self:
        """With this line in the head of every request."""
        self._command += ["--header", header]
        return self

    def patient(self, seconds: float) -> Self:
        """Waits so long for each answer, instead of the usual five seconds."""
        self._command += ["--patience-s", f"{seconds:g}"]
        return self

    def __enter__(self) -> Self:
        with self._file.open("w") as out:
            self._process = self._bed.popen(
                self._command, stdout=out, stderr=subprocess.STDOUT, text=True
            )
        try:
            await_(lambda: len(self.answers()), f"an answer: {self._said()}", ANSWERS_WITHIN_S)
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(ENDS_WITHIN_S)
            finally:
                self._process.kill()
        assert error or self._said().endswith("end\n"), self._said()[-500:]

    def answers(self) -> Answers:
        """All answers so far; complete once the probe has ended."""
        return Answers.parsed(self._file.read_text().splitlines(keepends=True))

    def next_answers(self, least: int) -> Answers:
        """Those to requests that are sent from now on, once there are so many."""
        now = time.time()

        def found() -> Answers:
            return self.answers().where(lambda answer: answer.sent > now)

        await_(lambda: len(found()) >= least, f"{least} more answers", ANSWERS_WITHIN_S)
        return found()

    def _said(self) -> str:
        return self._file.read_text()


class PodProbe:
    """Asks a Service from a pod, with a new connection for every request, as callers inside do."""

    def __init__(self, bed: Bed, host: str, *, rate: float = 20.0) -> None:
        """Prepare; `host` is the Service's name in the cluster's DNS, `rate` is in requests/s."""
        self._bed = bed
        self._name = f"probe-{uuid.uuid4().hex[:6]}"
        self._options = ["--host", host, "--name", host, "--rate", f"{rate:g}"]
        self._text = ""

    def __enter__(self) -> Self:
        objects = {"apiVersion": "v1", "kind": "List", "items": [self._script(), self._pod()]}
        self._bed.kubectl("apply", "-f", "-", stdin=json.dumps(objects))
        await_(lambda: "]\n" in self._log(), "an answer in the pod", ANSWERS_WITHIN_S)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            here = ("-n", NAMESPACE, "delete", "--wait=false", "--ignore-not-found")
            self._bed.kubectl(*here, "--grace-period=1", f"pod/{self._name}", f"cm/{self._name}")

    def answers(self) -> Answers:
        """All answers so far; complete once the probe has ended."""
        return Answers.parsed((self._text or self._log()).splitlines(keepends=True))

    def _finish(self) -> None:
        stop = "import os, signal; os.kill(1, signal.SIGTERM)"
        self._bed.kubectl("-n", NAMESPACE, "exec", self._name, "--", "python3", "-c", stop)
        await_(lambda: self._log().endswith("end\n"), "the pod's last answer", ENDS_WITHIN_S)
        self._text = self._log()

    def _log(self) -> str:
        pod = ("-n", NAMESPACE, "get", "pod", self._name, "-o", "jsonpath={.status.phase}")
        started = self._bed.kubectl(*pod) in {"Running", "Succeeded"}
        return self._bed.kubectl("-n", NAMESPACE, "logs", self._name) if started else ""

    def _script(self) -> dict[str, Any]:
        data = {PROBER.name: PROBER.read_text()}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self._name, "namespace": NAMESPACE},
            "data": data,
        }

    def _pod(self) -> dict[str, Any]:
        container = {
            "name": "probe",
            "image": pins.IMAGES["python"],
            "command": ["python3", f"/probe/{PROBER.name}", *self._options],
            "volumeMounts": [{"name": "script", "mountPath": "/probe"}],
            "resources": ASKED,
            "securityContext": HARDENED,
        }
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "dnsConfig": {"options": ASKED_IN_TURN},
            "containers": [container],
            "volumes": [{"name": "script", "configMap": {"name": self._name}}],
        }
        metadata = {"name": self._name, "namespace": NAMESPACE}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
