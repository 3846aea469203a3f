"""The baseline's life: made before any traffic, as big as the canary, gone when the run is over."""

from __future__ import annotations

from dataclasses import replace

from canary.core.baseline import outgrown
from canary.core.record import BASELINE, Record
from canary.core.state import Seen, State
from canary.engine.patience import patiently
from canary.errors import PortError
from canary.ports import Ports

PATIENCE_S = 10.0


def make(record: Record, replicas: int, ports: Ports) -> None:
    """Copy the primary, unless the run goes without; what an earlier run left is replaced.

    Raises:
        PortError: it cannot be made.
    """
    if record.baseline:
        patiently(lambda: _make(record, replicas, ports), ports, PATIENCE_S)


def follow(state: State, seen: Seen, ports: Ports) -> None:
    """Keep it as big as the canary, which an autoscaler may have made bigger; never raises."""
    replicas = outgrown(state, seen)
    if not replicas:
        return
    try:
        ports.fleet.scale(BASELINE, replicas)
    except PortError as error:
        ports.journal.progress(f"the baseline is smaller than the canary: {error}")


def drop(record: Record, ports: Ports, run: str = "") -> Record:
    """Take away what `run` made ("": any run) once nothing routes to it; the record without it.

    Never raises. What could not be taken away stays in the record: the next update repairs it.
    """
    if not record.baseline:
        return record
    gone = replace(record, baseline=False)
    try:
        patiently(lambda: _discard(record, run, ports), ports, PATIENCE_S)
        patiently(lambda: ports.router.write(gone), ports, PATIENCE_S)
    except PortError as error:
        text = f"could not tidy up the baseline: {error}"
        ports.journal.decided(record, text, warning=True)
        return record
    return gone


def _make(record: Record, replicas: int, ports: Ports) -> None:
    if BASELINE in ports.fleet.pods():
        _demand_unrouted(record, ports)
    ports.fleet.copy(record.primary, replicas, record.run)


def _discard(record: Record, run: str, ports: Ports) -> None:
    _demand_unrouted(record, ports)
    ports.fleet.discard(run)


def _demand_unrouted(record: Record, ports: Ports) -> None:
    if BASELINE in ports.router.live(record).versions:
        raise PortError("Traefik still routes to the baseline", retryable=True)
