"""Removal: what runs made, taken away when the app goes or was never there."""

from __future__ import annotations

from typing import Any

from canary.engine.holding import demand_unheld
from canary.engine.repair import damage_of, damage_without_route
from canary.errors import HeldError, PortError
from canary.ports import Ports


def remove(ports: Ports) -> None:
    """Delete the route, the apex's selector and a baseline that was left, if they are ours.

    Raises:
        HeldError: another driver carries out a run.
        PortError: something could not be removed.
    """
    route = ports.router.route()
    if route is not None:
        demand_unheld(route.record, ports)
    ports.router.remove()
    ports.apex.point_to("")
    ports.fleet.discard()


def abandon(owner: str, ports: Ports) -> bool:
    """After a create that failed: remove its route unless some version serves; never raises.

    Returns:
        Whether nothing of it is left.
    """
    try:
        route = ports.router.route()
        if route is None or (route.record.owner == owner and not route.record.primary):
            remove(ports)
    except PortError as error:
        ports.journal.progress(f"could not tidy up: {error}")
        return False
    return True


def live(ports: Ports) -> dict[str, Any]:
    """What serves: {} if nothing ever did, else `primary` and, if not at rest, `damage`.

    Where another driver carries out a run, `held` says who does, and nothing is damage.

    Raises:
        PortError: the cluster cannot be read.
    """
    route = ports.router.route()
    apex = ports.apex.version()
    if route is None:
        lost = damage_without_route(apex)
        return {"primary": apex, "damage": lost} if lost else {}
    try:
        demand_unheld(route.record, ports)
    except HeldError as error:
        return {"primary": route.record.primary, "held": str(error)}
    return {"primary": route.record.primary, "damage": damage_of(route, apex)}
