"""A fake API server with many apps, behind TLS, whose drivers renew whenever they are looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from canary.adapters.process.lease import LeaseForm
from canary.core.record import Phase
from tests.contracts.routing import LISTS, REST, ApiWorld, at
from tests.contracts.tls import behind_tls
from tests.fakes.cluster import Answer, FakeCluster

LEASE = "canary-1"
FORM = LeaseForm(namespace="test", name=LEASE, owner="me", holder="somebody")


class LivingCluster(FakeCluster):
    """The driver of all runs renews just before somebody lists the Leases."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        if self.runs and method == "GET" and "/leases" in target:
            moment = datetime.now(UTC).timestamp()
            lease = FORM.body(self.runs, acquired_s=0.0, renewed_s=moment)
            self.objects.apply(FORM.path, lease, "canary", force=True)
        return super().answer(method, target, headers, body)


def _managed(by: str) -> dict[str, Any]:
    """As much as the real server keeps about who wrote what."""
    marks: dict[str, Any] = {f"f:canary.rollout/{name}": {} for name in ("owner", "record", "run")}
    labels: dict[str, Any] = {f"f:app.kubernetes.io/{name}": {} for name in ("name", "managed-by")}
    metadata = {"f:annotations": marks, "f:labels": labels}
    fields = {"f:metadata": metadata, "f:spec": {"f:weighted": {}}}
    return {"manager": by, "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": fields}


@contextmanager
def crowd(apps: int, directory: Path, *, busy: bool) -> Iterator[tuple[str, Path]]:
    """Address and certificate of a server with so many apps, all in a run if `busy`."""
    with LivingCluster() as server:
        router = ApiWorld(server).router(replace(LISTS, app=named(0)))
        router.write(REST)
        if busy:
            record = replace(at(30), run="run-000", lease=FORM.reference)
            router.write(replace(record, phase=Phase.PREPARING, weight_percent=0))
            router.write(record)
            server.runs = [f"run-{number:03}" for number in range(apps)]
        _multiply(server, apps)
        behind_tls(server.web, directory)
        yield server.url.replace("http:", "https:"), directory / "certificate.pem"


def named(number: int) -> str:
    return f"app{number:03}"


def _multiply(server: FakeCluster, apps: int) -> None:
    """The first app's objects for each of the others; a router for each would take too long."""
    objects = server.objects.by_path
    first = {path: body for path, body in objects.items() if named(0) in path}
    for body in first.values():
        body["metadata"]["managedFields"] = [_managed("canary"), _managed("traefik")]
    text = json.dumps(first)
    for number in range(1, apps):
        copied = text.replace(named(0), named(number)).replace("run-000", f"run-{number:03}")
        objects.update(json.loads(copied))
