"""What an update comes to: a repair of what a dead run left, and a run if another version serves.

`release` returns when the wanted version has all traffic, has soaked and old connections have
drained; otherwise it raises, after all traffic is back on the primary.
"""

from __future__ import annotations

from dataclasses import replace

from canary.core.plan import Plan
from canary.core.record import Record
from canary.engine import pods
from canary.engine.patience import patiently
from canary.engine.repair import complete, repaired, unheld_route
from canary.engine.request import Request
from canary.engine.run import WRITE_PATIENCE_S, Run
from canary.ports import Ports


def release(request: Request, plan: Plan, ports: Ports) -> Record:
    """Give `request.version` all traffic, step by step, judging every step.

    Returns:
        The record at rest.

    Raises:
        Rejected: the version was not promoted; all traffic is on the primary.
        Interrupted: the driver was stopped; all traffic is on the primary.
        NotRestored: it ended, and some traffic may still go to the version.
        PortError: nothing was begun, because the cluster cannot be read or written, or because
            another driver holds the app.
    """
    route = unheld_route(request.owner, ports)
    lease = patiently(ports.heartbeat.begin, ports, WRITE_PATIENCE_S)
    found = repaired(route, request, ports)
    if found is not None and found.primary == request.version:
        complete(route, found, ports)
        pods.serve(found.primary, plan, ports)
        ports.journal.progress(f"{request.image} serves already: no run")
        return found
    return Run(replace(request, lease=lease), plan, ports, found).drive()
