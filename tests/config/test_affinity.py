"""Session affinity: what is accepted, what it changes in a plan, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S, SessionAffinity
from canary.planning import describe, plan_of
from tests.config.samples import loaded, problems, stack

AT = "canary:apps.podinfo.analysis.sessionAffinity"


def _app(affinity: dict[str, Any] | None, **others: Any) -> dict[str, Any]:
    return {"analysis": {"sessionAffinity": affinity} if affinity else {}, **others}


def _lines(raw: dict[str, Any]) -> str:
    app = loaded(raw).apps["podinfo"]
    plan = plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    return "\n".join(describe("podinfo", app, plan).lines)


def test_the_peers_fields_are_taken() -> None:
    raw = {
        "cookieName": "flagger-cookie",
        "maxAge": 3600,
        "secure": True,
        "httpOnly": True,
        "sameSite": "Strict",
        "domain": "example.com",
        "path": "/shop",
    }
    found = loaded(_app(raw)).apps["podinfo"].analysis.session_affinity
    assert found == SessionAffinity(
        cookie_name="flagger-cookie",
        max_age=3600,
        secure=True,
        http_only=True,
        same_site="strict",
        domain="example.com",
        path="/shop",
    )


@pytest.mark.parametrize(
    ("affinity", "problem"),
    [
        ({"maxAge": 60}, ".cookieName: is required"),
        ({"cookieName": "a b"}, ".cookieName: must be a cookie's name"),
        ({"cookieName": ""}, ".cookieName: must be a cookie's name"),
        ({"cookieName": "c", "maxAge": 0}, ".maxAge: must be at least 1, not 0"),
        ({"cookieName": "c", "sameSite": "some"}, ".sameSite: must be lax, strict or none"),
        ({"cookieName": "c", "sameSite": 1}, ".sameSite: must be lax, strict or none"),
        ({"cookieName": "c", "sameSite": "None"}, ".sameSite: none needs secure: true"),
        ({"cookieName": "__Host-c"}, ".cookieName: this prefix needs secure: true"),
        (
            {"cookieName": "__Host-c", "secure": True, "path": "/shop"},
            ".cookieName: this prefix allows no domain, and no path but /",
        ),
        (
            {"cookieName": "__Host-c", "secure": True, "domain": "example.com"},
            ".cookieName: this prefix allows no domain, and no path but /",
        ),
        ({"cookieName": "c", "domain": "example.org"}, ".domain: must be app.example.com or a dom"),
        ({"cookieName": "c", "domain": "p.example.com"}, ".domain: must be app.example.com or a d"),
        ({"cookieName": "c", "path": "shop"}, ".path: must be a path such as /shop"),
        ({"cookieName": "c", "domain": "a;b"}, ".domain: “a;b” is not a DNS name"),
        ({"cookieName": "c", "primaryCookieName": "p"}, ".primaryCookieName: is not needed"),
        ({"cookieName": "c", "partitioned": True}, ".partitioned: is not set here"),
    ],
)
def test_what_no_browser_would_keep_is_refused(affinity: dict[str, Any], problem: str) -> None:
    (found,) = problems(stack(_app(affinity)))
    assert found.startswith(AT + problem), found


@pytest.mark.parametrize("path", ["/", "/api", "/api/", "/api/v1"])
def test_a_cookie_may_be_for_some_of_the_apps_requests(path: str) -> None:
    loaded(_app({"cookieName": "c", "path": path}, path="/api"))


@pytest.mark.parametrize("path", ["/ap", "/apis", "/b"])
def test_a_cookie_for_requests_that_never_come_is_refused(path: str) -> None:
    (found,) = problems(stack(_app({"cookieName": "c", "path": path}, path="/api")))
    assert found == (
        f"{AT}.path: is nowhere below the app's path, /api: it would never be sent back"
    )


def test_a_secure_cookie_may_be_sent_from_anywhere() -> None:
    loaded(_app({"cookieName": "__Host-c", "sameSite": "none", "secure": True}))


def test_clients_that_stay_are_no_measure_for_each_other() -> None:
    for affinity, stay in ((None, False), ({"cookieName": "c"}, True)):
        app = loaded(_app(affinity)).apps["podinfo"]
        plan = plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
        assert plan.clients_stay is stay
        assert plan.evidence is not None
        assert plan.evidence.exchangeable is not stay


def test_the_preview_says_what_affinity_costs() -> None:
    text = _lines(_app({"cookieName": "stay", "maxAge": 60}))
    assert "affinity: cookie stay (1m) keeps a client on its version" in text
    assert "the checks judge alone" in text
    assert "at once when proven beyond the bound of a check" in text
    assert "no shield: with one list for all methods, it needs safeToRepeat" in text


def test_an_app_that_is_safe_to_repeat_keeps_its_shield() -> None:
    text = _lines(_app({"cookieName": "stay"}, safeToRepeat=True))
    assert "shield: all requests that the canary answers with 500-599" in text
    assert "no shield" not in text
    off = _lines(_app({"cookieName": "stay"}, shield={"enabled": False}))
    assert "shield" not in off
