"""Takes one rule after another from the deployer, inside the bed, and prints what is said of it.

`python -m tests.e2e.denied KUBECONFIG NAMESPACE ROLE`: the cluster's own authorizer is asked, as
the deployer; the administrator edits the ClusterRole meanwhile.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.lists import Object
from canary.config import load
from canary.preflight.rights import Rule, rights_findings, rules_in
from tests.e2e.settings import ELSEWHERE, GOOD, podinfo
from tests.e2e.waiting import await_

_ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
_SCALED = {"autoscaler": {"minReplicas": 1, "maxReplicas": 2}}
_BUDGET = {"podDisruptionBudget": {"maxUnavailable": 1}}


def main(kubeconfig: str, namespace: str, role: str) -> None:
    """Print what is denied with all rules, and without each, as one JSON list of lists."""
    admin, deployer = Cluster.connect(), Cluster.connect(kubeconfig_path=kubeconfig)
    body = admin.read(f"{_ROLES}/{role}")
    app = {**podinfo(GOOD, namespace, "app.test"), **_SCALED, **_BUDGET}
    config = load({**ELSEWHERE, "apps": {"podinfo": app}})

    def denied() -> tuple[str, ...]:
        def rights(where: str) -> list[Rule] | None:
            found = rules_in(deployer, where)
            assert found is not None, "the cluster does not tell its rules"
            return found

        return rights_findings(config, rights).denied

    told: list[Sequence[str]] = [denied()]
    for number in range(len(body["rules"])):
        _rule(admin, role, [r for n, r in enumerate(body["rules"]) if n != number])
        told.append(await_(denied, f"what lacks without {body['rules'][number]}", 60))
        _rule(admin, role, body["rules"])  # what is denied next is due to the next rule alone
        await_(lambda: not denied(), "all rights again", 60)
    print(json.dumps(told))


def _rule(admin: Cluster, role: str, rules: list[Object]) -> None:
    admin.patch(f"{_ROLES}/{role}", {"rules": rules})


if __name__ == "__main__":
    main(*sys.argv[1:])
