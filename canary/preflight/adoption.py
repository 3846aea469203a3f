"""Whether what the configuration names can be taken over without a request lost, and what will be.

An object is taken over as it is: what this app would not do that it does now is a problem, for
somebody relies on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from canary.adapters.routes.lists import MANAGER_LABEL, OWNER, owner_of
from canary.components.app_specs import matching, route_spec
from canary.config import AppConfig
from canary.preflight.findings import Findings, Object, Reader

_PEER = "flagger.app/"


def adoption_findings(
    key: str, app: AppConfig, found: Sequence[Object], cluster: Reader, owner: str
) -> Findings:
    """What of the objects that stand in an app's way is taken over, and what must not be.

    Raises:
        ClusterError: the API server did not answer or refused.
    """
    strange = [body for body in found if _is_foreign(body, owner)]
    taken = [body for body in strange if _is_named(body, app)]
    problems = [_refusal(key, app, body) for body in strange if body not in taken]
    for body in taken:
        where = f"canary:apps.{key}.adopt: {_name(body)}"
        problems += [f"{where} {text}" for text in _obstacles(app, body, cluster)]
    problems += [f"canary:apps.{key}.adopt: {text}" for text in _peers(taken, cluster)]
    names = ", ".join(_name(body) for body in taken)
    text = (
        f"{key}: takes over {names} in namespace {app.namespace}: requests go where they went "
        "until the first version is ready; nobody else may write there from now on"
    )
    left = f"{key}: nothing is left to be taken over: remove canary:apps.{key}.adopt"
    ours = app.adopt and len(found) >= len(app.adopt) and not strange
    return Findings(
        problems=tuple(problems),
        adopted=(text,) if taken and not problems else (),
        warnings=(left,) if ours else (),
    )


def _is_foreign(body: Object, owner: str) -> bool:
    found = owner_of(body)
    if found:
        return bool(owner) and found != owner
    return (body["metadata"].get("labels") or {}).get(MANAGER_LABEL) != "canary"


def _is_named(body: Object, app: AppConfig) -> bool:
    """Whether it has no owner, and the app may take it over."""
    named = body["metadata"]["name"] == app.name and app.adopts(_kind(body))
    return named and not owner_of(body)


def _kind(body: Object) -> str:
    return str(body.get("kind", "an object"))


def _name(body: Object) -> str:
    return f"{_kind(body)} {body['metadata']['name']}"


def _refusal(key: str, app: AppConfig, body: Object) -> str:
    metadata = body["metadata"]
    there = f"{_name(body)} in namespace {metadata.get('namespace', '')} exists and is not ours: "
    if owner_of(body):
        return f"{there}it belongs to another stack; remove it or rename the app"
    advice = "remove it or rename the app"
    if metadata["name"] == app.name and _kind(body) in (
        "Service",
        "TraefikService",
        "IngressRoute",
    ):
        entry = f"{_kind(body)}/{app.name}"
        advice += f", or take it over: add {entry} to canary:apps.{key}.adopt"
    return f"{there}it has no {OWNER} annotation; {advice}"


def _obstacles(app: AppConfig, body: Object, cluster: Reader) -> Iterator[str]:
    spec = body.get("spec") or {}
    if _kind(body) == "Service":
        yield from _service_obstacles(app, body["metadata"]["name"], spec, cluster)
    elif _kind(body) == "IngressRoute":
        owners = body["metadata"].get("ownerReferences") or []
        for owner in owners:
            who = f"{owner['kind']} {owner['name']}"
            yield f"is deleted together with {who}: remove its ownerReferences"
        yield from _route_obstacles(app, spec)


def _service_obstacles(app: AppConfig, name: str, spec: Object, cluster: Reader) -> Iterator[str]:
    kind = spec.get("type") or "ClusterIP"
    if kind != "ClusterIP":
        yield (
            f"is of type {kind}, and this app's is of type ClusterIP: callers from outside "
            "would be cut off"
        )
    ports = [p for p in spec.get("ports") or [] if p.get("protocol", "TCP") == "TCP"]
    same = [port for port in ports if port.get("port") == app.service.port]
    if not same:
        numbers = ", ".join(str(port.get("port")) for port in ports) or "none"
        yield f"has no port {app.service.port}, which service.port says (it has: {numbers})"
        return
    wanted = app.service.container_port
    for target in sorted(_targets(app, name, same[0], cluster) - {wanted}):
        yield (
            f"sends port {app.service.port} to port {target} of its pods, not to {wanted} as "
            "service.targetPort says: they would be asked where nobody listens"
        )


def _targets(app: AppConfig, name: str, port: Mapping[str, object], cluster: Reader) -> set[int]:
    """The ports of the pods that a Service's port leads to now; a name is each pod's own."""
    target = port.get("targetPort") or port.get("port")
    if isinstance(target, int):
        return {target}
    slices = cluster.list_(
        f"/apis/discovery.k8s.io/v1/namespaces/{app.namespace}/endpointslices",
        label_selector=f"kubernetes.io/service-name={name}",
    )
    listed = [p for found in slices for p in found.get("ports") or []]
    return {int(p["port"]) for p in listed if (p.get("name") or "") == (port.get("name") or "")}


def _route_obstacles(app: AppConfig, spec: Object) -> Iterator[str]:
    rule = matching(app)
    wanted = {item.name for item in app.middlewares}
    for route in spec.get("routes") or []:
        if _plain(str(route.get("match", ""))) != _plain(rule):
            yield (
                f"has the rule {route.get('match')}, and this app's is {rule}: change host and "
                "path, or move that rule to another IngressRoute"
            )
        for middleware in route.get("middlewares") or []:
            if middleware.get("name") not in wanted:
                yield f"has the middleware {middleware.get('name')}: add it to middlewares"
    points = spec.get("entryPoints") or []
    missing = [point for point in points if point not in app.entry_points]
    if missing or not points:
        there = f"listens on {', '.join(missing)}" if missing else "listens on every entry point"
        yield f"{there}: name what is needed in both its and the app's entryPoints"
    if route_spec(app).get("tls") != spec.get("tls"):
        yield "has another tls than the app: see tls"


def _plain(rule: str) -> str:
    """A rule without what makes no difference; every path is no condition."""
    text = re.sub(r"\s+", "", rule).replace('"', "`").replace("'", "`")
    return text.removesuffix("&&PathPrefix(`/`)")


def _peers(taken: Sequence[Object], cluster: Reader) -> Iterator[str]:
    """The peer's Canaries that own what is taken over must be at rest, and let go of it."""
    for path, name in dict.fromkeys(_canaries(taken)):
        canary = cluster.find(path)
        spec = (canary or {}).get("spec") or {}
        if canary is not None and spec.get("suspend") is not True:
            yield f"Canary {name} is at work on it: set its spec.suspend to true"
        if spec.get("revertOnDeletion") is True:
            yield (
                f"Canary {name} would take it back when it is deleted: set its "
                "spec.revertOnDeletion to false"
            )


def _canaries(taken: Sequence[Object]) -> Iterator[tuple[str, str]]:
    for body in taken:
        namespace = body["metadata"].get("namespace", "")
        for owner in body["metadata"].get("ownerReferences") or []:
            api = str(owner.get("apiVersion", ""))
            if api.startswith(_PEER) and owner.get("kind") == "Canary":
                name = str(owner.get("name"))
                yield f"/apis/{api}/namespaces/{namespace}/canaries/{name}", name
