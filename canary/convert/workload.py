"""From a Deployment and its autoscaler to what runs: image, pods, sizes."""

from __future__ import annotations

import copy
from typing import Any, Final

from canary.config.workload import RESERVED_LABELS
from canary.convert.defaults import written_container, written_pod
from canary.convert.documents import Document, listing, mapping, text
from canary.convert.draft import Draft
from canary.convert.remarks import Kind

Map = dict[str, Any]
_PROBES: Final = {
    "readinessProbe": "readiness",
    "livenessProbe": "liveness",
    "startupProbe": "startup",
}
_AS_THEY_ARE: Final = ("image", "command", "args", "resources")
_SOURCES: Final = ("secretKeyRef", "configMapKeyRef")
_DEPLOYMENT: Final = {
    "strategy": (Kind.UNNEEDED, "each version is a Deployment of its own: nothing rolls"),
    "revisionHistoryLimit": (Kind.UNNEEDED, "each version is a Deployment of its own"),
    "progressDeadlineSeconds": (Kind.UNNEEDED, "the Canary's is obeyed"),
    "minReadySeconds": (Kind.DROPPED, "a pod counts as soon as its probe says so"),
    "paused": (Kind.DROPPED, "there is no pause of a Deployment here"),
}
_HARDENED = (
    "pods are hardened here: user 65532, no root, read-only root file system but /tmp, no "
    "capabilities, no service account token; what the image needs otherwise goes into podTemplate"
)
_SELECTOR = (
    "its labels are left out of the pods, so that no Service or Deployment of the peer takes them "
    "for its own; what else selects by them needs app.kubernetes.io/name"
)
_CONFIGS = (
    "names ConfigMaps or Secrets: the peer releases when one changes, here only what the stack's "
    "configuration holds is part of a version; see configFiles"
)
_OTHER_IMAGE = (
    "the peer's primary serves another image, which is written: the first version is not judged; "
    "what else differs between the two is for a person to see"
)


def workload(draft: Draft, app: Map, deployment: Document, primary: Document | None) -> None:
    """Add to the app all that the Deployment says, with the image that the primary serves."""
    spec, key = copy.deepcopy(deployment.spec), app["name"]
    template = mapping(spec.get("template"))
    pod = written_pod(mapping(template.get("spec")))
    listed = map(mapping, listing(pod.pop("containers", None)))
    containers = [written_container(container) for container in listed]
    main = containers.pop(0) if containers else {}
    label = f"{deployment.label}: spec"
    serving = primary.spec if primary else {}
    _deployment(draft, app, spec, serving, label)
    draft.say(Kind.CHANGED, f"{label}.template", _HARDENED)
    if any(word in repr(template) for word in ("configMap", "secret")):
        draft.say(Kind.CHANGED, f"{label}.template", _CONFIGS)
    _ports(app, main)
    rest = _container(app, main)
    _image(draft, app, serving, label)
    _pod(app, pod)
    template_spec = {**pod}
    if rest or containers:
        own = [{"name": key, **rest}] if rest else []
        template_spec["containers"] = own + containers
    selector = mapping(mapping(spec.get("selector")).get("matchLabels"))
    if selector:
        draft.say(Kind.CHANGED, f"{label}.selector", _SELECTOR)
    metadata = _metadata(mapping(template.get("metadata")), selector)
    merged = {"metadata": metadata, "spec": template_spec}
    if any(merged.values()):
        app["podTemplate"] = {name: value for name, value in merged.items() if value}


def _deployment(draft: Draft, app: Map, spec: Map, serving: Map, label: str) -> None:
    """How many pods; the rest of a Deployment's own fields is of no use here."""
    for name, (kind, why) in _DEPLOYMENT.items():
        if spec.get(name):
            draft.say(kind, f"{label}.{name}", why)
    replicas = spec.get("replicas") or serving.get("replicas", spec.get("replicas"))
    if replicas is None or "autoscaler" in app:
        return
    if replicas == 0:
        draft.say(Kind.MISSING, f"{label}.replicas", "is 0, as the peer leaves it: set replicas")
    else:
        app["replicas"] = replicas


def _image(draft: Draft, app: Map, serving: Map, label: str) -> None:
    """What serves: after a release that failed, the target still has the image that did."""
    pod = mapping(mapping(serving.get("template")).get("spec"))
    image = mapping(next(iter(listing(pod.get("containers"))), None)).get("image")
    if image and image != app["image"]:
        app["image"] = image
        draft.say(Kind.CHANGED, f"{label}.template", _OTHER_IMAGE)


def _container(app: Map, main: Map) -> Map:
    """Move what has a key of its own into the app; returns the rest."""
    main.pop("name", None)
    for name in _AS_THEY_ARE:
        if main.get(name):
            app[name] = main.pop(name)
    probes = {name: main.pop(old) for old, name in _PROBES.items() if old in main}
    if probes:
        app["probes"] = probes
    variables = [mapping(variable) for variable in listing(main.pop("env", None))]
    short = {text(variable.get("name")): _env(variable) for variable in variables}
    env = {name: value for name, value in short.items() if value is not None}
    if env:
        app["env"] = env
    main["env"] = [variable for variable in variables if _env(variable) is None]
    if "lifecycle" in main:
        app["preStopSleepSeconds"] = 0  # the container has its own way to stop
    return {name: value for name, value in main.items() if value}


def _env(variable: Map) -> Any:
    """The variable as `env` has it, None if only a pod template can hold it."""
    source = mapping(variable.get("valueFrom"))
    for name in _SOURCES:
        if name in source:
            return {name: source[name]}
    value = variable.get("value", "")
    return None if source or "$(" in str(value) else str(value)


def _ports(app: Map, main: Map) -> None:
    """The one port that the Service leads to; a name is looked up among the container's."""
    service = app.setdefault("service", {})
    wanted, kept = service.get("targetPort", service.get("port", 80)), []
    for port in map(mapping, listing(main.pop("ports", None))):
        if wanted in [port.get("name"), port.get("containerPort")]:
            service["targetPort"] = port.get("containerPort")
        else:
            kept.append(port)
    if kept:
        main["ports"] = kept


def _pod(app: Map, pod: Map) -> None:
    secrets = [mapping(entry).get("name") for entry in listing(pod.pop("imagePullSecrets", None))]
    if secrets:
        app["imagePullSecrets"] = secrets
    grace = pod.pop("terminationGracePeriodSeconds", None)
    if isinstance(grace, int) and grace > 0:
        app["terminationGracePeriodSeconds"] = grace
        if grace <= 5:  # the sleep before the stop must fit
            app["preStopSleepSeconds"] = grace - 1
    if "serviceAccountName" in pod:
        pod.setdefault("automountServiceAccountToken", True)


def _metadata(metadata: Map, selector: Map) -> Map:
    labels, own = mapping(metadata.get("labels")), RESERVED_LABELS | set(selector)
    kept = {
        "labels": {name: value for name, value in labels.items() if name not in own},
        "annotations": mapping(metadata.get("annotations")),
    }
    return {name: value for name, value in kept.items() if value}


def autoscaler(draft: Draft, reference: Map, found: Document) -> Map:
    """A HorizontalPodAutoscaler as every version has it."""
    spec = found.spec
    names = (
        *("minReplicas", "maxReplicas", "metrics", "behavior"),
        "targetCPUUtilizationPercentage",
    )
    scaler = {name: copy.deepcopy(spec[name]) for name in names if spec.get(name)}
    scaler.setdefault("minReplicas", 1)
    draft.say(Kind.CHANGED, f"{found.label}: spec", "every version has an autoscaler of its own")
    own = mapping(reference.get("primaryScalerReplicas"))
    return scaler | {name: own[name] for name in ("minReplicas", "maxReplicas") if own.get(name)}
