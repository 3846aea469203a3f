"""Repair: before anything else, put right what an earlier driver left when it died."""

from __future__ import annotations

import re
from dataclasses import replace

from canary.core.record import BASELINE, Phase, Record
from canary.core.seen import Pods, Route
from canary.core.share import share_text
from canary.engine import baseline, pods
from canary.engine.holding import demand_unheld
from canary.engine.patience import patiently
from canary.engine.request import Request
from canary.errors import ConflictError
from canary.ports import Ports

PATIENCE_S = 30.0
UNROUTED = "the TraefikService was deleted"
UNSERVED = "the apex Service names no version"
_VERSION = re.compile(r"[0-9a-f]{10}")  # other selectors are those of somebody else's Service


def unheld_route(owner: str, ports: Ports) -> Route | None:
    """The app's traffic as written, once it is sure that no other driver is at work on it.

    Raises:
        ConflictError: the route belongs to another stack.
        HeldError: another driver carries out a run.
        PortError: the cluster cannot be read.
    """
    route = patiently(ports.router.route, ports, PATIENCE_S)
    if route is None:
        return None
    if route.record.owner != owner:
        raise ConflictError(
            "the TraefikService belongs to another stack; remove it or rename the app"
        )
    demand_unheld(route.record, ports)
    return route


def repaired(route: Route | None, request: Request, ports: Ports) -> Record | None:
    """The record at rest, after a repair if one was needed; None if nothing was ever routed.

    A repair is signed with the run that makes it: who wakes up in the run that was repaired finds
    that another has taken over.

    Raises:
        ConflictError: somebody wrote since `route` was read.
        PortError: the cluster cannot be read or written.
    """
    if route is None:
        return _rerouted(request, ports)
    if not route.record.primary:
        return None  # a first deploy that was killed: its leftovers are adopted
    damage = damage_of(route, patiently(ports.apex.version, ports, PATIENCE_S))
    only = damage == _left(route.record)
    rest = route.record if only else _repair(route, damage, request.run, ports)
    return pods.give_back(baseline.drop(rest, ports), rest.primary, ports)


def damage_of(route: Route, apex: str) -> str:
    """What is not as it is at rest, "" when everything is."""
    record = route.record
    if record.unfinished:
        share = share_text(record.weight_percent, record.mirror_percent)
        return f"run {record.run} ended in {record.phase} at {share}"
    rest = {record.primary: 100}
    picked = (dict(weights) for weights in route.picked if weights)  # a new strategy has none yet
    if any(weights != rest for weights in (dict(route.weights), dict(route.shielded), *picked)):
        return "the weights were changed"
    if apex != record.primary:
        return "the apex Service named another version" if apex else UNSERVED
    return _left(record)


def damage_without_route(apex: str) -> str:
    """The same where there is no route: "" if no version has served yet."""
    return UNROUTED if _VERSION.fullmatch(apex) else ""


def _left(record: Record) -> str:
    if record.baseline:
        return f"the baseline of run {record.run} was left"
    return f"run {record.run} still keeps an autoscaler from its work" if record.reserved else ""


def complete(route: Route | None, rest: Record, ports: Ports) -> None:
    """Write the lists that a strategy just configured needs, before a route leads to them.

    Raises:
        PortError: they cannot be written.
    """
    if route is not None and not all(route.picked):
        patiently(lambda: ports.router.write(rest), ports, PATIENCE_S)


def leaves(route: Route | None, before: Record, after: Record) -> bool:
    """Whether writing `after` over what is there may take requests from a version."""
    unpicked = before.chosen and not after.chosen
    return unpicked or route is None or dict(route.weights) != dict(after.members)


def stranded(record: Record, ports: Ports) -> bool:
    """Whether all but the primary has ready pods, so that traffic must not go there."""
    pods = ports.fleet.pods()
    others = [record.canary, *([BASELINE] if record.baseline_percent else [])]
    serving = any(pods.get(version, Pods()).ready for version in others)
    return serving and pods.get(record.primary, Pods()).ready == 0


def _rerouted(request: Request, ports: Ports) -> Record | None:
    """Only the apex Service still knows who served; without it the next version is the first."""
    serving = patiently(ports.apex.version, ports, PATIENCE_S)
    found = patiently(ports.fleet.pods, ports, PATIENCE_S)
    if not damage_without_route(serving) or not found.get(serving, Pods()).ready:
        return None
    rest = Record(
        owner=request.owner,
        run=request.run,
        phase=Phase.FAILED,
        primary=serving,
        baseline=BASELINE in found,
        reserved=True,  # perhaps: the route took along whether a run kept an autoscaler
        moved_at=ports.clock.wall_s(),
        images={serving: request.image} if serving == request.version else {},
        reason=f"repaired: {UNROUTED}",
    )
    patiently(lambda: ports.router.write(rest), ports, PATIENCE_S)
    name = rest.images.get(serving, serving)
    text = f"repaired: {UNROUTED}; all traffic is back on {name}"
    ports.journal.decided(rest, text, warning=True)
    return pods.give_back(baseline.drop(rest, ports), serving, ports)


def _point_apex(serving: str, ports: Ports) -> None:
    """Callers inside the cluster follow, unless only where they are has ready pods."""
    pods, now = ports.fleet.pods(), ports.apex.version()
    if pods.get(serving, Pods()).ready or not pods.get(now, Pods()).ready:
        ports.apex.point_to(serving)


def _survivor(route: Route, ports: Ports) -> str:
    """The version to serve: the primary, unless only another that could be meant has ready pods."""
    record, pods = route.record, ports.fleet.pods()
    routed = sorted(route.weights, key=lambda version: -route.weights[version])
    known = (record.primary, record.canary, *routed, ports.apex.version())
    named = (version for version in known if version)
    wanted = [version for version in named if version != BASELINE]  # which nothing would keep up
    return next((v for v in wanted if pods.get(v, Pods()).ready), record.primary)


def _repair(route: Route, damage: str, run: str, ports: Ports) -> Record:
    record = route.record
    serving = patiently(lambda: _survivor(route, ports), ports, PATIENCE_S)
    kept = serving != record.primary
    how = (
        "the only version with ready pods is kept as primary:" if kept else "all traffic is back on"
    )
    rest = replace(
        record,
        run=run,
        phase=Phase.SUCCEEDED if kept else Phase.FAILED,
        primary=serving,
        canary="" if kept else record.canary,
        weight_percent=0,
        mirror_percent=0,
        exposed=False,
        # Whoever took a run over may not have known of it.
        baseline=patiently(lambda: BASELINE in ports.fleet.pods(), ports, PATIENCE_S),
        moved_at=ports.clock.wall_s(),
        reason=f"repaired: {damage}",
    )
    patiently(lambda: ports.router.write(rest), ports, PATIENCE_S)
    patiently(lambda: _point_apex(serving, ports), ports, PATIENCE_S)
    name = record.images.get(serving, serving)
    ports.journal.decided(rest, f"repaired: {damage}; {how} {name}", warning=True)
    return rest
