"""Blue/green and A/B: what picks requests, and what does not go together with it."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S, load
from canary.planning import PlanText, describe, plan_of
from canary.routing import hidden_clients
from tests.config.samples import APP, loaded, problems, stack

POD = "canary:apps.podinfo"
AT = f"{POD}.analysis"
INSIDER = {"headers": {"x-canary": {"exact": "insider"}}}


def _ab(entry: Any) -> dict[str, Any]:
    return {"analysis": {"iterations": 5, "match": [entry]}}


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        ({"analysis": {"match": [INSIDER]}}, f"{AT}.match: needs iterations"),
        ({"analysis": {"iterations": 0}}, f"{AT}.iterations: must be at least 1, not 0"),
        *(
            ({"analysis": {"iterations": 5, **more}}, f"{AT}.{key}: does not go with iterations")
            for key, more in (
                ("stepWeight", {"stepWeight": 5}),
                ("stepWeights", {"stepWeights": [5]}),
                ("maxWeight", {"maxWeight": 50}),
                ("stepWeightPromotion", {"stepWeightPromotion": 10}),
                ("sessionAffinity", {"sessionAffinity": {"cookieName": "stay"}}),
            )
        ),
        ({"previewHost": "x.test"}, f"{POD}.previewHost: is for analysis.iterations without"),
        ({**_ab(INSIDER), "previewHost": "x.test"}, f"{POD}.previewHost: is for analysis."),
        (
            {"analysis": {"iterations": 5}, "previewHost": APP["host"]},
            f"{POD}.previewHost: must be another name than host",
        ),
        (_ab({}), f"{AT}.match[0]: must name headers, cookies, queryParams or clientIPs"),
        (_ab({"headers": {"x": {}}}), f"{AT}.match[0].headers.x: needs exactly one of exact,"),
        (_ab({"headers": {"x": {"exact": "a", "prefix": "b"}}}), f"{AT}.match[0].headers.x: needs"),
        (_ab({"headers": {"x": {"exact": "a`b"}}}), f"{AT}.match[0].headers.x.exact: must be 1 to"),
        (_ab({"headers": {"a b": {"exact": "a"}}}), f'{AT}.match[0].headers["a b"]: must be a na'),
        (_ab({"headers": {"Host": {"exact": "a"}}}), f"{AT}.match[0].headers.Host: is matched by"),
        (_ab({"cookies": {"c": {"regex": "("}}}), f"{AT}.match[0].cookies.c.regex: is no regular"),
        (_ab({"cookies": {"c": {"regex": "a(?=b)"}}}), f"{AT}.match[0].cookies.c.regex: is no reg"),
        (_ab({"clientIPs": ["10.0.0.0/40"]}), f"{AT}.match[0].clientIPs[0]: must be an address"),
    ],
)
def test_what_does_not_go_together_is_named(app: dict[str, Any], problem: str) -> None:
    (found,) = problems(stack(app))
    assert found.startswith(problem), found


def test_a_preview_hosts_name_is_no_other_apps() -> None:
    other = {**APP, "host": "canary.app.example.com"}
    raw = stack({"analysis": {"iterations": 2}})
    raw["apps"]["other"] = other
    (found,) = problems(raw)
    assert "has host canary.app.example.com and path / too" in found


def _told(app: dict[str, Any]) -> PlanText:
    config = loaded(app).apps["podinfo"]
    plan = plan_of(config, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    assert plan.weights == (0,) * plan.iterations
    assert plan.evidence is not None
    assert not plan.evidence.exchangeable
    return describe("podinfo", config, plan)


def test_the_preview_says_who_reaches_the_canary() -> None:
    told = _told({"replicas": 2, **_ab(INSIDER)})
    assert told.lines[0] == (
        "podinfo: 5 iterations of 10s on header x-canary=insider, then 100 %, soak 10s"
    )
    assert "until the switch all other requests stay on the primary" in "\n".join(told.lines)
    assert not told.warnings
    entry = {
        "cookies": {"c": {"prefix": "a"}},
        "queryParams": {"q": {"suffix": "b"}, "r": {"regex": "c+"}},
        "clientIPs": ["10.0.0.1"],
    }
    text = _told({"analysis": {"iterations": 1, "match": [INSIDER, entry]}}).lines[0]
    assert "1 iteration of 10s on (header x-canary=insider) or (cookie c=^a and query q=$b and" in (
        text
    )
    assert "query r~c+ and client 10.0.0.1/32)" in text


@pytest.mark.parametrize("host", ["app.example.com", "canary.app.example.com"])
def test_a_preview_without_load_is_warned_of(host: str) -> None:
    command = f"hey -z 1m -q 5 -c 2 -host {host} http://traefik.traefik/"
    hook = {"name": "load", "url": "http://h/", "metadata": {"cmd": command}}
    told = _told({"analysis": {"iterations": 3, "webhooks": [hook]}})
    assert "3 iterations of 10s on host canary.app.example.com, then 100 %" in told.lines[0]
    warned = any("no rollout hook sends load to canary.app" in text for text in told.warnings)
    assert warned == (host == "app.example.com")
    assert any("until the switch all requests stay" in line for line in told.lines)


def _hidden(traefik: dict[str, Any], entry: dict[str, Any]) -> list[str]:
    raw = stack(_ab(entry), traefik=traefik)
    return list(hidden_clients(load(raw)))


def test_a_preview_says_where_clients_have_a_nodes_address() -> None:
    here = {"clientIPs": ["10.0.0.1"]}
    (text,) = _hidden({}, here)
    assert text.startswith("podinfo: clientIPs may pick nobody: Traefik sees the address of a node")
    assert not _hidden({}, INSIDER)
    for traefik in (
        {"serviceType": "ClusterIP"},
        {"externalTrafficPolicy": "Local"},
        {"install": False},
    ):
        assert not _hidden(traefik, here)


def test_what_comes_from_outside_has_no_policy_where_nothing_does() -> None:
    traefik = {"serviceType": "ClusterIP", "externalTrafficPolicy": "Local"}
    (text,) = problems(stack({}, traefik=traefik))
    assert text == (
        "canary:traefik.externalTrafficPolicy: is for serviceType LoadBalancer or NodePort"
    )
