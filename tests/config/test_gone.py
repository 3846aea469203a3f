"""What somebody deleted by hand, as a preview finds it: named, and with what makes it again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from canary.core.record import Record
from canary.inputs import AS_RECORDED, live_text
from canary.preflight import Doors, Findings, look
from tests.config.readers import (
    NAMED,
    OWNER,
    TRAEFIK,
    VERSION,
    AskedPrometheus,
    StoredCluster,
    serving,
    traefik_pod,
)
from tests.config.samples import loaded

CORE, APPS = "/api/v1/namespaces/test", "/apis/apps/v1/namespaces/test"
NEEDED = {
    f"Deployment podinfo-{VERSION}": f"{APPS}/deployments/podinfo-{VERSION}",
    "Service podinfo": f"{CORE}/services/podinfo",
    f"Service podinfo-{VERSION}": f"{CORE}/services/podinfo-{VERSION}",
    f"Service podinfo-{VERSION}-fallback": f"{CORE}/services/podinfo-{VERSION}-fallback",
    "IngressRoute podinfo": f"{TRAEFIK}/namespaces/test/ingressroutes/podinfo",
}


def found(*paths: str) -> Findings:
    """What a look finds after somebody deleted these."""
    objects: dict[str, Any] = serving()
    for path in paths:
        del objects[path]
    cluster = StoredCluster(objects=objects, pods=[traefik_pod()])
    return look(loaded(), lambda: Doors(cluster=cluster, prometheus=AskedPrometheus()), owner=OWNER)


@pytest.mark.parametrize("what", NEEDED)
def test_each_object_that_requests_need_is_named_with_what_makes_it_again(what: str) -> None:
    findings = found(NEEDED[what])
    assert findings.problems == ()
    assert findings.warnings[0] == (
        f"podinfo: {what} is missing, which requests need: deleted by hand? "
        "`pulumi up --refresh` makes them again"
    )


def test_several_are_one_line() -> None:
    first, *_ = found(*NEEDED.values()).warnings
    assert all(what in first for what in NEEDED)
    assert "are missing" in first
    assert "\n" not in first


@pytest.mark.parametrize("what", [what for what in NEEDED if what != "Service podinfo"])
def test_the_preview_shows_it_so_that_the_update_looks_after_it(what: str) -> None:
    live = found(NEEDED[what]).live["podinfo"]
    text = f"missing: {what}; made again by `pulumi up --refresh`"
    assert live_text(live, VERSION) == text


def test_a_service_without_a_selector_is_shown_as_what_will_be_repaired() -> None:
    live = found(NEEDED["Service podinfo"]).live["podinfo"]
    assert live_text(live, VERSION) == (
        f"the apex Service names no version: repaired first, all traffic goes to {VERSION}"
    )


def test_a_route_that_was_deleted_is_shown_and_goes_to_whom_the_service_names() -> None:
    findings = found(f"{NAMED}/podinfo")
    assert findings.warnings == findings.problems == ()
    assert live_text(findings.live["podinfo"], VERSION) == (
        f"the TraefikService was deleted: repaired first, all traffic goes to {VERSION}"
    )


def test_before_the_first_version_nothing_is_missing() -> None:
    objects: dict[str, Any] = serving(Record(owner=OWNER), apex="")
    for path in NEEDED.values():
        objects.pop(path)
    cluster = StoredCluster(objects=objects, pods=[traefik_pod()])
    doors = Doors(cluster=cluster, prometheus=AskedPrometheus())
    findings = look(loaded(), lambda: doors, owner=OWNER)
    assert findings.warnings == ()
    assert live_text(findings.live["podinfo"], "") == AS_RECORDED


@pytest.mark.parametrize("selector", ["", "6.9.2"])
def test_a_service_that_no_version_of_ours_had_tells_of_no_route(selector: str) -> None:
    objects: dict[str, Any] = serving(apex=selector)
    del objects[f"{NAMED}/podinfo"]
    cluster = StoredCluster(objects=objects, pods=[traefik_pod()])
    doors = Doors(cluster=cluster, prometheus=AskedPrometheus())
    assert replace(look(loaded(), lambda: doors, owner=OWNER), warnings=()).live == {"podinfo": {}}
