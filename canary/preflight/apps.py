"""One app as the cluster has it: what serves it, and who owns the names that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from canary.adapters.lists import MANAGER_LABEL, OWNER, RECORD, Lists, last_writer, owner_of
from canary.config import AppConfig
from canary.core.record import Record
from canary.core.seen import Route
from canary.engine.repair import damage_of
from canary.preflight.findings import Findings, Object, Reader
from canary.preflight.holders import Patience, holding

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
    problems = [text for body in seen.values() if body for text in _foreign(body, owner)]
    plain = seen[lists.path(lists.plain)]
    if problems or plain is None:
        return Findings(problems=tuple(problems), live={} if problems else {key: {}})
    route = _route(lists, seen)
    if route is None:
        by = last_writer(plain) or "somebody"
        text = (
            f"TraefikService {lists.plain} in namespace {app.namespace} has no readable record "
            f"(last written by {by}): restore its annotation {RECORD}, or remove it"
        )
        return Findings(problems=(text,))
    apex = _selected(seen[_service_path(app)])
    warnings = tuple(_dead_primary(key, app, cluster, route.record))
    held = holding(route.record, cluster, patience)
    return Findings(
        warnings=warnings,
        held=(f"{key}: {held}",) if held else (),
        live={key: live_of(route, apex, held)},
    )


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
    )


def _foreign(body: Object, owner: str) -> Iterator[str]:
    found = owner_of(body)
    metadata = body["metadata"]
    if found and owner and found != owner:
        whose = "it belongs to another stack"
    elif not found and (metadata.get("labels") or {}).get(MANAGER_LABEL) != "canary":
        whose = f"it has no {OWNER} annotation"
    else:
        return
    yield (
        f"{body.get('kind', 'an object')} {metadata['name']} in namespace "
        f"{metadata.get('namespace', '')} exists and is not ours: {whose}; remove it or rename "
        "the app"
    )


def _route(lists: Lists, seen: dict[str, Object | None]) -> Route | None:
    plain, shielded = seen[lists.path(lists.plain)], seen[lists.path(lists.shielded)]
    text = ((plain or {})["metadata"].get("annotations") or {}).get(RECORD, "")
    try:
        record = Record.from_json(text)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    failover, mirror = seen[lists.path(lists.failover)], seen[lists.path(lists.mirror)]
    weights = lists.weights(plain, mirror)
    return Route(
        record=record,
        weights=weights,
        shielded=lists.weights(shielded, failover, mirror) if shielded else weights,
        changed_by=last_writer(plain or {}),
    )


def _selected(service: Object | None) -> str:
    selector = ((service or {}).get("spec") or {}).get("selector") or {}
    return str(selector.get(_VERSION_LABEL, ""))


def _dead_primary(key: str, app: AppConfig, cluster: Reader, record: Record) -> Iterator[str]:
    if not record.primary:
        return
    name = f"{app.name}-{record.primary}"
    found = cluster.find(f"/apis/apps/v1/namespaces/{app.namespace}/deployments/{name}")
    if not ((found or {}).get("status") or {}).get("readyReplicas"):
        yield (
            f"{key}: the primary {name} has no ready pod: a new version would take all traffic as "
            "soon as it is ready, without an analysis"
        )
