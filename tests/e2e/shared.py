"""What all end-to-end tests share: a bed with Traefik, Prometheus and the load tester.

Several test processes may run at once. The first installs, the last takes the bed down, unless
CANARY_E2E_KEEP is set, which saves the next run half a minute.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.bed.cluster import Bed
from tests.bed.places import cache_root
from tests.e2e.project import CHECKOUT, Project
from tests.e2e.settings import PLATFORM
from tests.e2e.waiting import await_

STACK = "platform"
SCRAPED_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Platform:
    """A bed on which apps can be released; `traefik` is the address of its entry point web."""

    bed: Bed
    traefik: str


@contextmanager
def shared(bed: Bed, prepare: Callable[[Bed], None] = lambda _: None) -> Iterator[Bed]:
    """Have a bed running, and prepared once, for as long as any test process is in this block."""
    with _opened(bed, "guard") as guard, _opened(bed, "users") as users:
        fcntl.flock(guard, fcntl.LOCK_EX)
        bed.up(print)
        prepare(bed)
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(guard, fcntl.LOCK_UN)
        yield bed
        fcntl.flock(guard, fcntl.LOCK_EX)
        if _is_last(users) and not os.environ.get("CANARY_E2E_KEEP"):
            bed.down()


@contextmanager
def platform(bed: Bed) -> Iterator[Platform]:
    """Have the shared stack running for as long as the block lasts."""
    with shared(bed, install):
        address = ("-n", "traefik", "get", "service", "traefik", "-o")
        yield Platform(bed, bed.kubectl(*address, "jsonpath={.spec.clusterIP}"))


def install(bed: Bed) -> None:
    """Carry out `pulumi up` of the shared stack, unless just that has been done on this bed."""
    done, wanted = bed.state_dir / "platform.done", _fingerprint()
    if done.exists() and done.read_text() == wanted:
        return
    if not done.exists() and (bed.state_dir / STACK).exists():  # somebody was stopped half-way
        bed.down()
        bed.up(print)
    project = Project(bed, bed.state_dir / STACK, STACK)
    project.init()
    project.write(PLATFORM)
    project.up()
    await_(lambda: is_scraped(bed), "Prometheus's first sample of Traefik", SCRAPED_WITHIN_S)
    done.write_text(wanted)


def await_furnished(bed: Bed) -> None:
    """Return once every namespace has what the cluster itself puts there by and by."""
    added = ("configmap/kube-root-ca.crt", "serviceaccount/default")
    for name in bed.kubectl("get", "namespaces", "-o=jsonpath={.items[*].metadata.name}").split():
        bed.kubectl("-n", name, "wait", "--for=create", *added, "--timeout=120s")


def is_scraped(bed: Bed) -> bool:
    """Whether a release can be judged: until then an app's preflight refuses it."""
    prometheus = "/api/v1/namespaces/canary-system/services/prometheus:9090/proxy"
    query = "/api/v1/query?query=count(traefik_config_reloads_total)"
    return bool(json.loads(bed.kubectl("get", "--raw", prometheus + query))["data"]["result"])


def _fingerprint() -> str:
    digest = hashlib.sha256(json.dumps(PLATFORM).encode())
    for package in ("components", "config", "render"):
        for path in sorted((CHECKOUT / "canary" / package).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _opened(bed: Bed, what: str) -> IO[str]:
    path = cache_root() / "run" / f"{bed.name}.{what}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(path).open("w")


def _is_last(users: IO[str]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
