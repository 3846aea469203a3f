"""Takes out of a pod what the API server fills in, which nobody wrote and it will fill in again."""

from __future__ import annotations

from typing import Any, Final

from canary.convert.documents import text

Map = dict[str, Any]
_POD: Final[Map] = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
}
_CONTAINER: Final[Map] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}


def written_pod(pod: Map) -> Map:
    """The pod's spec without defaults; `serviceAccount` is an old name of `serviceAccountName`."""
    kept = _without(pod, _POD)
    if kept.get("serviceAccount") == kept.get("serviceAccountName"):
        kept.pop("serviceAccount", None)
    return kept


def written_container(container: Map) -> Map:
    """The container without defaults; whether its image is pulled depends on the tag."""
    name, digested, _ = text(container.get("image")).partition("@")
    tag = name.rpartition("/")[2].partition(":")[2] or ("" if digested else "latest")
    pulled = "Always" if tag == "latest" else "IfNotPresent"
    return _without(container, {**_CONTAINER, "imagePullPolicy": pulled})


def _without(found: Map, defaults: Map) -> Map:
    return {
        name: value
        for name, value in found.items()
        if name not in defaults or defaults[name] != value
    }
