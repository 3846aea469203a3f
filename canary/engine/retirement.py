"""Retirement: a version's pods may be deleted only when nothing routes to it any more."""

from __future__ import annotations

from canary.core.record import Record
from canary.engine.patience import patiently
from canary.errors import StillServing
from canary.ports import Ports

DROPPED_DEADLINE_S = 30.0
LOOK_S = 0.2


def retire(version: str, drain_s: float, ports: Ports) -> None:
    """Return once no list, no replica of Traefik and no apex selector names `version`.

    Then `drain_s` seconds have passed since the weights last moved, so that its requests ended.

    Raises:
        StillServing: it has traffic, or still had some replica's attention after 30 s.
        PortError: the cluster cannot be asked.
    """
    record = patiently(lambda: _unlisted(version, ports), ports, DROPPED_DEADLINE_S)
    if record is None:
        return
    _await_dropped(version, record, ports)
    moved_ago_s = max(0.0, ports.clock.wall_s() - record.moved_at)
    if moved_ago_s < drain_s:
        ports.journal.progress(f"draining {version}, {drain_s - moved_ago_s:.0f} s left")
        ports.clock.wait(drain_s - moved_ago_s)


def _unlisted(version: str, ports: Ports) -> Record | None:
    """The record that leaves `version` out; None if there is no route."""
    if ports.apex.version() == version:
        raise StillServing(f"version {version} still has the traffic of the apex Service")
    route = ports.router.route()
    if route is None:
        return None
    listed = {**route.weights, **route.shielded}
    for picked in route.picked:
        listed = {**picked, **listed}
    if version in listed or version in dict(route.record.members):
        share = listed.get(version, 0)
        text = f"version {version} still has {share} % of the traffic"
        raise StillServing(f"{text}: release another one first")
    return route.record


def _await_dropped(version: str, record: Record, ports: Ports) -> None:
    deadline_s = ports.clock.now_s() + DROPPED_DEADLINE_S
    while version in patiently(
        lambda: ports.router.live(record).versions, ports, DROPPED_DEADLINE_S
    ):
        if ports.clock.now_s() >= deadline_s:
            raise StillServing(f"a replica of Traefik still routes to version {version}")
        ports.clock.wait(LOOK_S)
