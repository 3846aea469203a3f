"""A fake API server with many apps, behind TLS, whose drivers renew whenever they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from canary.adapters.lease import LeaseForm
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
        world = ApiWorld(server)
        for number in range(apps):
            app = f"app{number:03}"
            router = world.router(replace(LISTS, app=app))
            router.write(REST)
            if busy:
                run = f"run-{number:03}"
                record = replace(at(30), run=run, lease=FORM.reference)
                router.write(replace(record, phase=Phase.PREPARING, weight_percent=0))
                router.write(record)
                server.runs.append(run)
        for body in server.objects.by_path.values():
            body["metadata"]["managedFields"] = [_managed("canary"), _managed("traefik")]
        behind_tls(server.web, directory)
        yield server.url.replace("http:", "https:"), directory / "certificate.pem"
