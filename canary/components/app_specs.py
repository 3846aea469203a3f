"""What an app's objects say: its versions' Deployments and Services, and its route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from canary.components.match_rules import matches_rule
from canary.config.app import AppConfig
from canary.config.workload import Autoscaler
from canary.render import RenderedVersion
from canary.render.names import version_name, version_selector

DEFAULT_CPU_PERCENT: Final = 80

Map = dict[str, Any]


def deployment_spec(app: AppConfig, rendered: RenderedVersion) -> Map:
    """Return a version's Deployment; how many pods it has is the run's business, so it is left out.

    Raises nothing; pods are replaced only by evictions and crashes, since a version never changes.
    """
    return {
        "revisionHistoryLimit": 1,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "selector": {"matchLabels": version_selector(app.name, rendered.version)},
        "template": rendered.pod_template,
    }


def service_spec(app: AppConfig, rendered: RenderedVersion) -> Map:
    """Return the spec of a Service in front of a version's pods."""
    return {
        "type": "ClusterIP",
        "selector": version_selector(app.name, rendered.version),
        "ports": list(rendered.service_ports),
    }


def apex_spec(rendered: RenderedVersion) -> Map:
    """Return the spec of the Service for callers in the cluster.

    Its selector is the run's: a map that is owned as a whole and flips when a version is promoted.
    """
    return {"type": "ClusterIP", "ports": list(rendered.service_ports)}


def autoscaler_spec(app: AppConfig, autoscaler: Autoscaler, version: str) -> Map:
    """Return a version's autoscaler; its `minReplicas` is the run's, which keeps 0 apart from 1."""
    behavior = {"behavior": autoscaler.behavior} if autoscaler.behavior else {}
    return {
        "scaleTargetRef": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": version_name(app.name, version),
        },
        "maxReplicas": autoscaler.max_replicas,
        "metrics": _metrics(autoscaler),
        **behavior,
    }


def _metrics(autoscaler: Autoscaler) -> list[Map]:
    utilization = {
        "cpu": autoscaler.target_cpu_utilization_percentage,
        "memory": autoscaler.target_memory_utilization_percentage,
    }
    if not any(utilization.values()) and not autoscaler.metrics:
        utilization["cpu"] = DEFAULT_CPU_PERCENT
    targets = [
        {
            "type": "Resource",
            "resource": {
                "name": resource,
                "target": {"type": "Utilization", "averageUtilization": percent},
            },
        }
        for resource, percent in utilization.items()
        if percent
    ]
    return [*targets, *autoscaler.metrics]


def budget_spec(app: AppConfig, version: str) -> Map:
    """Return a version's disruption budget: one pod at a time unless configured."""
    budget = app.pod_disruption_budget
    wanted = budget.model_dump(by_alias=True, exclude_none=True) if budget else {}
    selector = {"matchLabels": version_selector(app.name, version)}
    return {**(wanted or {"maxUnavailable": 1}), "selector": selector}


def route_spec(app: AppConfig) -> Map:
    """Return the IngressRoute: who asks for this host and path goes to the weighted lists.

    With the shield, requests that are safe to repeat have a list of their own. The two rules
    exclude each other and share the priority that the plain rule would have by its length, so that
    another route's longer path on the same host keeps outranking both. With session affinity all
    methods go to one list, since a cookie names a member of the list that set it. What a rule picks
    for the canary goes to lists of its own.
    """
    rule = matching(app)
    picked = f"{app.name}-canary"
    if app.analysis.match:
        chosen = matches_rule(app.analysis.match)
        routes = [
            *_routes(app, f"({rule}) && ({chosen})", picked, len(rule)),
            *_routes(app, f"({rule}) && !({chosen})", app.name, len(rule)),
        ]
    else:
        routes = _routes(app, rule, app.name, len(rule))
    if app.preview:
        preview = matching(app, app.preview)
        routes.append(_route(app, preview, len(preview), picked))
    spec: Map = {"entryPoints": list(app.entry_points), "routes": routes}
    if app.tls:
        spec["tls"] = _tls(app)
    return spec


def _routes(app: AppConfig, rule: str, weighted_list: str, priority: int) -> list[Map]:
    """Return the routes of these requests to a list and its shielded twin."""
    shielded = f"{weighted_list}-shielded"
    if app.analysis.session_affinity:
        return [_route(app, rule, priority, shielded if app.shielded else weighted_list)]
    if not app.shielded:
        return [_route(app, rule, priority, weighted_list)]
    safe = " || ".join(f"Method(`{method}`)" for method in app.shield.methods)
    return [
        _route(app, f"({rule}) && ({safe})", priority, shielded),
        _route(app, f"({rule}) && !({safe})", priority, weighted_list),
    ]


def matching(app: AppConfig, name: str = "") -> str:
    """Return the rule of requests that are the app's, by its host or by another name."""
    host = f"Host(`{name or app.host}`)"
    prefixed = app.path not in (None, "/")
    return f"{host} && PathPrefix(`{app.path}`)" if prefixed else host


def _route(app: AppConfig, match: str, priority: int, weighted_list: str) -> Map:
    route: Map = {
        "kind": "Rule",
        "match": match,
        "priority": priority,
        "services": [{"kind": "TraefikService", "name": weighted_list}],
    }
    middlewares = [item.model_dump(by_alias=True, exclude_none=True) for item in app.middlewares]
    return route | ({"middlewares": middlewares} if middlewares else {})


def _tls(app: AppConfig) -> Map:
    tls: Map = app.tls.model_dump(mode="json", by_alias=True, exclude_none=True) if app.tls else {}
    options = {"options": {"name": tls.pop("options")}} if "options" in tls else {}
    present: Mapping[str, Any] = {key: value for key, value in tls.items() if value}
    return {**present, **options}
