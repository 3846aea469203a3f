"""One app as the cluster has it: what serves it, and who owns the names that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from canary.adapters.routes.lists import RECORD, Lists, last_writer, owner_of
from canary.config import AppConfig
from canary.core.record import BASELINE, Record
from canary.core.seen import Route
from canary.engine.repair import damage_of, damage_without_route
from canary.preflight.adoption import adoption_findings
from canary.preflight.findings import Findings, Object, Reader
from canary.preflight.gone import deleted, missing_objects, needed_paths
from canary.preflight.holders import Patience, holding
from canary.render.names import version_name

_TRAEFIK = "/apis/traefik.io/v1alpha1"
_VERSION_LABEL = "app.kubernetes.io/version"


def app_findings(
    key: str, app: AppConfig, cluster: Reader, owner: str, patience: Patience
) -> Findings:
    """Look at every object that a release of this app would write.

    `owner` is the stack's id, "" when it is not known yet: then any stack's objects pass as ours,
    and the run itself finds out.

    Raises:
        ClusterError: the API server did not answer or refused.
    """
    lists = Lists(app=app.name, namespace=app.namespace, owner=owner, port=app.service.port)
    seen = {path: cluster.find(path) for path in _paths(app, lists)}
    standing = [body for body in seen.values() if body]
    adoption = adoption_findings(key, app, standing, cluster, owner)
    plain = seen[lists.path(lists.plain)]
    if adoption.problems:
        return adoption
    if plain is None or (app.adopts("TraefikService") and not owner_of(plain)):
        return replace(adoption, live={key: _unrouted(seen[_service_path(app)])})
    route = _route(lists, seen)
    if route is None:
        return replace(adoption, problems=(_unreadable(app, plain),))
    apex = _selected(seen[_service_path(app)])
    primary = route.record.primary
    needed = needed_paths(app, primary)
    seen |= {path: cluster.find(path) for path in needed if path not in seen}
    gone = missing_objects(app, primary, seen)
    held = holding(route.record, cluster, patience)
    return replace(
        adoption,
        warnings=(
            *adoption.warnings,
            *(f"{key}: {text}" for text in deleted(gone)),
            *_dead_primary(key, app, primary, seen),
        ),
        held=(f"{key}: {held}",) if held else (),
        live={key: live_of(route, apex, held) | {"gone": ", ".join(gone)}},
    )


def _unreadable(app: AppConfig, plain: Object) -> str:
    by = last_writer(plain) or "somebody"
    return (
        f"TraefikService {app.name} in namespace {app.namespace} has no readable record "
        f"(last written by {by}): restore its annotation {RECORD}, or remove it"
    )


def _unrouted(service: Object | None) -> dict[str, Any]:
    """What serves where somebody deleted the route; {} before the first version."""
    apex = _selected(service)
    damage = damage_without_route(apex) if service and owner_of(service) else ""
    return {"primary": apex, "damage": damage} if damage else {}


def live_of(route: Route, apex: str, held: str = "") -> dict[str, Any]:
    """What serves, as the Rollout's input `live`; `apex` is the version that Service names.

    `held` says who carries out the route's run: then nothing about it is damage.
    """
    record = route.record
    return {
        "primary": record.primary,
        "canary": record.canary,
        "phase": record.phase.value,
        "weight": record.weight_percent,
        "run": record.run,
        "apex": apex,
        "held": held,
        "damage": "" if held else damage_of(route, apex),
        "former": dict(record.former),
    }


def _service_path(app: AppConfig) -> str:
    return f"/api/v1/namespaces/{app.namespace}/services/{app.name}"


def _paths(app: AppConfig, lists: Lists) -> tuple[str, ...]:
    return (
        _service_path(app),
        f"/api/v1/namespaces/{app.namespace}/configmaps/{app.name}-rollouts",
        f"{_TRAEFIK}/namespaces/{app.namespace}/ingressroutes/{app.name}",
        *(lists.path(name) for name in lists.names),
        *(_baseline_paths(app) if app.analysis.baseline else ()),
    )


def _baseline_paths(app: AppConfig) -> tuple[str, str]:
    """What a run with a baseline makes."""
    name = f"{app.name}-{BASELINE}"
    return (
        f"/api/v1/namespaces/{app.namespace}/services/{name}",
        f"/apis/apps/v1/namespaces/{app.namespace}/deployments/{name}",
    )


def _route(lists: Lists, seen: dict[str, Object | None]) -> Route | None:
    plain, shielded = seen[lists.path(lists.plain)], seen[lists.path(lists.shielded)]
    record = record_of(plain)
    if record is None:
        return None
    failover, mirror = seen[lists.path(lists.failover)], seen[lists.path(lists.mirror)]
    weights = lists.weights(plain, mirror)
    return Route(
        record=record,
        weights=weights,
        shielded=lists.weights(shielded, failover, mirror) if shielded else weights,
        changed_by=last_writer(plain or {}),
    )


def record_of(plain: Object | None) -> Record | None:
    """The record on an app's plain list, None if there is none or it cannot be read."""
    text = ((plain or {}).get("metadata", {}).get("annotations") or {}).get(RECORD, "")
    try:
        return Record.from_json(text)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _selected(service: Object | None) -> str:
    selector = ((service or {}).get("spec") or {}).get("selector") or {}
    return str(selector.get(_VERSION_LABEL, ""))


def _dead_primary(
    key: str, app: AppConfig, primary: str, seen: Mapping[str, Object | None]
) -> Iterator[str]:
    if not primary:
        return
    name = version_name(app.name, primary)
    found = seen[f"/apis/apps/v1/namespaces/{app.namespace}/deployments/{name}"]
    if not ((found or {}).get("status") or {}).get("readyReplicas"):
        yield (
            f"{key}: the primary {name} has no ready pod: a new version would take all traffic as "
            "soon as it is ready, without an analysis"
        )
