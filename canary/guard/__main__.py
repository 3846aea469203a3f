"""`python -m canary.guard`: the patrol, until its pod is told to stop.

GUARD_OWNER is the stack's id, GUARD_NAMESPACES its apps' namespaces, separated by blanks,
GUARD_FAILED_TTL_S how long a version that failed may keep its pods, GUARD_ALERTS the path of a file
that says which alerts are to be told, and in which Secrets their addresses are, and GUARD_LEASE the
API path of the Lease whose holder acts, if there are several guards.
"""

from __future__ import annotations

import logging
import os
import signal
import ssl
import sys
import threading
import time
from pathlib import Path
from socket import gethostname

from canary.guard.alerts import Alerts
from canary.guard.api import Api
from canary.guard.health import Health, serve
from canary.guard.lead import Lead
from canary.guard.patrol import Patrol
from canary.guard.station import Station

POLL_S = 2.0
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster() -> Api:
    """The API server as a pod's account sees it."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    return Api(
        url=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        token=lambda: (ACCOUNT / "token").read_text().strip(),
        context=ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt")),
    )


def main() -> None:
    """Look until told to stop."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    namespaces = tuple(os.environ["GUARD_NAMESPACES"].split())
    health = Health(looked_s=time.monotonic())
    api = in_cluster()
    alerts = Alerts.of(Path(os.environ["GUARD_ALERTS"]).read_text(encoding="utf-8"), api)
    station = Station(api=api, owner=os.environ["GUARD_OWNER"], health=health)
    failed_ttl_s = float(os.environ["GUARD_FAILED_TTL_S"])
    lead = Lead(station=station, path=os.environ.get("GUARD_LEASE", ""), holder=gethostname())
    patrol = Patrol(
        station=station,
        namespaces=namespaces,
        alerts=alerts,
        lead=lead,
        failed_ttl_s=failed_ttl_s,
    )
    server = serve(health)
    logging.getLogger("guard").info("watching %s", ", ".join(namespaces))
    while not ended.is_set():
        patrol.look()
        ended.wait(POLL_S)
    lead.release()
    alerts.finish()
    server.shutdown()


if __name__ == "__main__":
    main()
