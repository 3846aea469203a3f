"""The canary's pods: started, made more when a decision asks for it, and stopped.

Absent on purpose: how many are needed, and when. The core says.
"""

from __future__ import annotations

from dataclasses import replace

from canary.core.plan import Plan
from canary.core.record import Record
from canary.core.state import State
from canary.engine import baseline
from canary.engine.patience import patiently
from canary.errors import ConflictError, PortError
from canary.ports import Ports

PATIENCE_S = 10.0


def hold(record: Record, ports: Ports) -> Record:
    """Keep the primary as big as it is, because its traffic may come back; never raises."""
    try:
        held = bool(record.primary) and patiently(
            lambda: ports.autoscalers.hold(record.primary), ports, PATIENCE_S
        )
    except PortError as error:
        text = f"its autoscaler may make the primary smaller during the run: {error}"
        ports.journal.decided(record, text, warning=True)
        return record
    return replace(record, reserved=held)


def start(record: Record, state: State, ports: Ports) -> None:
    """Give the canary what it needs first, and a baseline the same.

    Raises:
        PortError: the cluster does not take it.
    """
    canary, size = record.canary, state.size.asked
    patiently(lambda: ports.fleet.scale(canary, size), ports, PATIENCE_S)
    baseline.make(record, size, ports)


def grow(record: Record, state: State, ports: Ports) -> State:
    """Give the canary what was asked for; the state, in which it is asked for again if need be.

    One attempt: judging must not wait for an API server that does not answer.

    Raises:
        PortError: the cluster does not take it, and will not.
    """
    try:
        ports.fleet.scale(record.canary, state.size.asked)
    except PortError as error:
        if not error.retryable:
            raise
        ports.journal.progress(f"the canary does not have {state.size.asked} pods yet: {error}")
        return replace(state, size=replace(state.size, asked=0))
    return state


def give_back(record: Record, former: str, ports: Ports) -> Record:
    """Let the autoscaler make `former` smaller again; the record without that. Never raises.

    What could not be given back stays in the record: the next update repairs it.
    """
    if not record.reserved:
        return record
    rest = replace(record, reserved=False)
    try:
        patiently(lambda: ports.autoscalers.release(former), ports, PATIENCE_S)
        patiently(lambda: _note(rest, ports), ports, PATIENCE_S)
    except PortError as error:
        text = f"the autoscaler cannot make {former} smaller yet: {error}"
        ports.journal.decided(record, text, warning=True)
        return record
    return rest


def _note(rest: Record, ports: Ports) -> None:
    """Write the record, unless its run could not even end: another one may have taken over."""
    route = ports.router.route()
    if route is not None and route.record.run != rest.run:
        raise ConflictError(f"run {route.record.run} took over")
    ports.router.write(rest)


def settle(record: Record, plan: Plan, ports: Ports) -> None:
    """Let the autoscaler of what was promoted do as it is configured; never raises."""
    try:
        if plan.most_replicas:
            serve(record.primary, plan, ports)
    except PortError as error:
        text = f"{record.primary} may have more pods than it needs: {error}"
        ports.journal.decided(record, text, warning=True)


def serve(version: str, plan: Plan, ports: Ports) -> None:
    """Give a version that serves its settled size.

    Raises:
        PortError: the cluster does not take it.
    """
    patiently(lambda: ports.fleet.scale(version, plan.replicas), ports, PATIENCE_S)


def stop(record: Record, ports: Ports) -> None:
    """Stop the canary's pods.

    Raises:
        PortError: Traefik or the apex Service still leads to them, or the cluster does not take it.
    """
    patiently(lambda: _stop_dropped(record, ports), ports, PATIENCE_S)


def _stop_dropped(record: Record, ports: Ports) -> None:
    if record.canary in ports.router.live(record).versions:  # somebody else routed to it
        raise PortError("Traefik still routes to the canary", retryable=True)
    if ports.apex.version() == record.canary:  # it served, and its route was deleted
        raise PortError("callers inside the cluster are still led to the canary")
    ports.fleet.scale(record.canary, 0)
