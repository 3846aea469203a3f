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
    found: list[Record] = []
    patiently(lambda: _note(found, version, ports), ports, DROPPED_DEADLINE_S)
    if not found:
        return
    _await_dropped(version, found[0], ports)
    moved_ago_s = max(0.0, ports.clock.wall_s() - found[0].moved_at)
    if moved_ago_s < drain_s:
        ports.journal.progress(f"draining {version}, {drain_s - moved_ago_s:.0f} s left")
        ports.clock.wait(drain_s - moved_ago_s)


def _note(found: list[Record], version: str, ports: Ports) -> None:
    if ports.apex.version() == version:
        raise StillServing(f"version {version} still has the traffic of the apex Service")
    route = ports.router.route()
    if route is None:
        return
    listed = {**route.weights, **route.shielded}
    if version in listed or version in dict(route.record.members):
        share = listed.get(version, 0)
        text = f"version {version} still has {share} % of the traffic"
        raise StillServing(f"{text}: release another one first")
    found[:] = [route.record]


def _await_dropped(version: str, record: Record, ports: Ports) -> None:
    deadline_s = ports.clock.now_s() + DROPPED_DEADLINE_S
    while version in ports.router.live(record).versions:
        if ports.clock.now_s() >= deadline_s:
            raise StillServing(f"a replica of Traefik still routes to version {version}")
        ports.clock.wait(LOOK_S)
