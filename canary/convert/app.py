"""From one Canary, and what it points to, to one app of the stack."""

from __future__ import annotations

import copy
from typing import Any, Final

from canary.config.problems import path_text
from canary.convert.analysis import analysis
from canary.convert.documents import Document, listing, mapping, text
from canary.convert.draft import Draft
from canary.convert.given import Given
from canary.convert.known import CHANGED, IGNORED_THERE, OTHER_ROUTER, OTHER_ROUTERS, REMOVED
from canary.convert.remarks import Kind
from canary.convert.route import add_route
from canary.convert.settle import PLACEHOLDERS, placeholder
from canary.convert.workload import autoscaler, workload

Map = dict[str, Any]
_NO_DEPLOYMENT: Final = "give the Deployment's file, too: it says what runs"
_HPA: Final = "HorizontalPodAutoscaler"


def add_app(draft: Draft, canary: Document, given: Given) -> None:
    """Add the app to the draft, not yet checked."""
    spec, label = copy.deepcopy(canary.spec), f"{canary.label}: spec"
    target = mapping(spec.pop("targetRef", None))
    service = mapping(spec.get("service"))
    own_name = text(service.pop("name", None)) or text(target.get("name")) or canary.name
    app: Map = {"name": own_name, "namespace": canary.namespace or PLACEHOLDERS["namespace"]}
    key = _free_key(draft, app)
    spec["service"] = {name: value for name, value in service.items() if value is not None}
    _router(draft, spec, label)
    scaling = mapping(spec.pop("autoscalerRef", None))
    if "canaryAnalysis" in spec:
        spec.setdefault("analysis", spec.pop("canaryAnalysis"))
        spec.pop("canaryAnalysis", None)
        draft.say(Kind.CHANGED, f"{label}.canaryAnalysis", "deprecated there; becomes analysis")
    _remove(draft, spec, label)
    app |= {"image": "", "createNamespace": False, "host": "", "service": spec.pop("service")}
    _scaling(draft, app, scaling, (canary, key), given)
    _target(draft, app, target, canary, given)
    add_route(draft, app, given.of("IngressRoute"))
    _judging(draft, app, spec, label)
    app |= {name: value for name, value in spec.items() if name not in app}
    _alerts(app, canary, given)
    _remark(draft, app, label)
    _missing(draft, app, key, canary)
    if app["name"] == key:
        del app["name"]
    draft.raw.setdefault("apps", {})[key] = app
    draft.came_from(("apps", key), canary, "spec")


def _free_key(draft: Draft, app: Map) -> str:
    name = str(app["name"])
    return f"{name}-{app['namespace']}" if name in mapping(draft.raw.get("apps")) else name


def _router(draft: Draft, spec: Map, label: str) -> None:
    """Take out what is of other routers; whether it was lost depends on the provider."""
    provider = text(spec.pop("provider", None))
    traefik = provider in {"", "traefik"}
    if not traefik:
        draft.say(Kind.CHANGED, f"{label}.provider", "requests are split by Traefik here")
    for path in OTHER_ROUTERS:
        if _popped(spec, path):
            kind = Kind.UNNEEDED if traefik else Kind.DROPPED
            draft.say(kind, f"{label}.{path}", IGNORED_THERE if traefik else OTHER_ROUTER)


def _remove(draft: Draft, spec: Map, label: str) -> None:
    for path, (kind, why) in REMOVED.items():
        if _popped(spec, path):
            draft.say(kind, f"{label}.{path}", why)


def _popped(spec: Map, path: str) -> Any:
    *way, last = path.split(".")
    here = spec
    for part in way:
        here = here[part] if isinstance(here.get(part), dict) else {}
    return here.pop(last, None)


def _target(draft: Draft, app: Map, target: Map, canary: Document, given: Given) -> None:
    place, kind = f"{canary.label}: spec.targetRef", text(target.get("kind")) or "Deployment"
    if kind != "Deployment":
        draft.say(Kind.DROPPED, place, "only Deployments are released here")
        return
    found = given.find("Deployment", target, canary.namespace)
    if found is None:
        draft.say(Kind.MISSING, place, _NO_DEPLOYMENT)
        port = app["service"].get("targetPort")
        if isinstance(port, str) and not port.isdigit():
            del app["service"]["targetPort"]
            why = "is a name, which only the Deployment explains"
            draft.say(Kind.MISSING, f"{canary.label}: spec.service.targetPort", why)
        return
    primary = {"name": f"{found.name}-primary"}
    workload(draft, app, found, given.find("Deployment", primary, canary.namespace))


def _scaling(
    draft: Draft, app: Map, reference: Map, of: tuple[Document, str], given: Given
) -> None:
    (canary, key), place = of, f"{of[0].label}: spec.autoscalerRef"
    if not reference:
        return
    if (text(reference.get("kind")) or _HPA) != _HPA:
        draft.say(Kind.DROPPED, place, "only a HorizontalPodAutoscaler is made here")
        return
    found = given.find(_HPA, reference, canary.namespace)
    if found is None:
        why = f"give the {_HPA}'s file, too, or write autoscaler"
        draft.say(Kind.MISSING, place, why)
        return
    app["autoscaler"] = autoscaler(draft, reference, found)
    draft.came_from(("apps", key, "autoscaler"), found, "spec")


def _judging(draft: Draft, app: Map, spec: Map, label: str) -> None:
    """The analysis; a Canary without one is promoted unjudged."""
    if spec.get("analysis") is None:
        spec.pop("analysis", None)
        app["skipAnalysis"] = True
        return
    app["analysis"] = analysis(draft, spec, label)


def _alerts(app: Map, canary: Document, given: Given) -> None:
    found = mapping(app.get("analysis"))
    for alert in listing(found.get("alerts")):
        if isinstance(alert, dict) and isinstance(alert.get("providerRef"), dict):
            key = given.providers.key(alert["providerRef"], canary.namespace)
            alert["providerRef"] = {"name": key}
    for metric in listing(found.get("metrics")):
        if isinstance(metric, dict) and isinstance(metric.get("templateRef"), dict):
            key = given.templates.key(metric["templateRef"], canary.namespace)
            metric["templateRef"] = {"name": key}


def _remark(draft: Draft, app: Map, label: str) -> None:
    """Say what means something else here, once for all of a list's elements."""
    found = mapping(app.get("analysis"))
    for path, why in CHANGED.items():
        name, _, below = path.removeprefix("analysis.").partition("[].")
        values = listing(found.get(name)) if below else [found]
        if any(mapping(value).get(below or name) for value in values):
            draft.say(Kind.CHANGED, f"{label}.{path}", why)


def _missing(draft: Draft, app: Map, key: str, canary: Document) -> None:
    for name in ("image", "host"):
        if not app[name]:
            app[name] = placeholder(name, key)
            draft.say(Kind.MISSING, canary.label, f"set {path_text(('apps', key, name))}")
    if not canary.namespace:
        why = f"is not said: set {path_text(('apps', key, 'namespace'))}"
        draft.say(Kind.MISSING, f"{canary.label}: metadata.namespace", why)
