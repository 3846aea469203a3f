"""What the deployer may not do is told before anything is touched, one line for each kind."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary.adapters.cluster.kubernetes import Cluster
from canary.config import load
from canary.preflight import Doors, look, rules_in
from canary.preflight.rights import rights_findings
from tests.config.readers import AskedPrometheus, StoredCluster
from tests.config.samples import APP, stack
from tests.fakes.cluster import FakeCluster
from tests.fakes.web import Reply, serving

PAGE = Path(__file__).parents[2] / "docs" / "deployer.yaml"
ROLES = {role["metadata"]["name"]: role["rules"] for role in yaml.safe_load_all(PAGE.read_text())}
RELEASE, JUDGE = ROLES["canary-release"], ROLES["canary-judge"]
BUDGET = {"podDisruptionBudget": {"maxUnavailable": 1}}
SCALED = {"autoscaler": {"minReplicas": 1, "maxReplicas": 3}}


def denied(release: Any, judge: Any = JUDGE, **app: Any) -> tuple[str, ...]:
    config = load(stack(apps={"podinfo": {**APP, **app}}))
    rules = {"test": release}
    return rights_findings(config, lambda namespace: rules.get(namespace, judge)).denied


@pytest.mark.parametrize("app", [{}, SCALED, BUDGET])
def test_the_roles_of_the_page_suffice(app: dict[str, Any]) -> None:
    assert denied(RELEASE, **app) == ()
    assert denied(ROLES["canary-deployer"], ROLES["canary-deployer"], **app) == ()


@pytest.mark.parametrize("number", range(len(RELEASE)))
def test_each_rule_that_is_missing_is_named(number: int) -> None:
    rest = [rule for place, rule in enumerate(RELEASE) if place != number]
    texts = denied(rest, **SCALED, **BUDGET)
    kinds = {f"{text.partition(';')[0].rsplit(' ', 1)[1]}" for text in texts}
    gone = RELEASE[number]
    (group,) = gone["apiGroups"]
    assert kinds == {f"{kind}.{group}" if group else kind for kind in gone["resources"]}
    assert all(text.startswith("not permitted in namespace test: ") for text in texts)


def test_each_rule_of_the_judge_is_missed() -> None:
    for number in range(len(JUDGE)):
        rest = [rule for place, rule in enumerate(JUDGE) if place != number]
        assert denied(RELEASE, rest), JUDGE[number]


def test_a_verb_is_missed_where_it_is_allowed_for_one_object_only() -> None:
    rules = copy.deepcopy(RELEASE)
    leases = next(rule for rule in rules if rule["resources"] == ["leases"])
    leases["verbs"] = ["get", "create", "update"]
    rules.append({**leases, "verbs": ["delete"], "resourceNames": ["canary-1"]})
    (text,) = denied(rules)
    assert text == (
        "not permitted in namespace test: delete leases.coordination.k8s.io; "
        "docs/deployer.yaml has what a release needs"
    )


def test_who_may_do_everything_is_not_asked_further() -> None:
    all_ = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    assert denied(all_, all_) == ()


def test_an_update_is_stopped_and_a_preview_is_not() -> None:
    config = load(stack())
    doors = Doors(cluster=StoredCluster(), prometheus=AskedPrometheus(), rights=lambda _: [])
    found = look(config, lambda: doors)
    assert any("patch deployments/scale.apps" in text for text in found.denied)
    found.demand_none(preview=True)
    with pytest.raises(Exception, match=r"not permitted in namespace test: .* leases"):
        found.demand_none()


def _asked(answer: Any, status: int = 201) -> Any:
    body = json.dumps(answer).encode()
    with FakeCluster() as fake, serving(lambda _: Reply(status=status, body=body)) as web:
        value = json.loads(fake.kubeconfig())
        value["clusters"][0]["cluster"]["server"] = web.url
        rules = rules_in(Cluster.connect(kubeconfig_text=json.dumps(value)), "test")
    asked = json.loads(web.received[0].body)
    assert asked["spec"] == {"namespace": "test"}
    return rules


def test_rules_are_believed_only_where_they_are_complete() -> None:
    assert _asked({"status": {"resourceRules": RELEASE, "incomplete": False}}) == RELEASE
    assert _asked({"status": {"resourceRules": RELEASE, "incomplete": True}}) is None
    assert _asked({"kind": "Status", "message": "forbidden"}, 403) is None
    assert _asked({"status": json.dumps(RELEASE)}) is None
