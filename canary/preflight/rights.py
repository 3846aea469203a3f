"""What the deployer may do where a release reads and writes: asked before anything is touched.

An authorizer that cannot list its rules says so, and then nothing is concluded: the first refusal
names what is missing. Absent on purpose: what installing Traefik and the rest needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from canary.adapters import http
from canary.config import Access, AppConfig, StackConfig
from canary.errors import ClusterError
from canary.preflight.findings import Findings

_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
_TRAEFIK = "traefik.io"
_DECLARED = ("get", "create", "patch", "delete")

Rule = Mapping[str, Any]
Rights = Callable[[str], "list[Rule] | None"]


class Asked(Protocol):
    """The API server."""

    def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> http.Response:
        """One exchange; raises ClusterError without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a release does to one kind of object in one namespace."""

    namespace: str
    group: str = ""
    resource: str
    verbs: tuple[str, ...]

    def missing(self, rules: Iterable[Rule]) -> tuple[str, ...]:
        """The verbs that no rule allows for all objects of the kind."""
        fits = [rule for rule in rules if self._is_about(rule)]
        allowed = {verb for rule in fits for verb in rule.get("verbs") or ()}
        return () if "*" in allowed else tuple(v for v in self.verbs if v not in allowed)

    def _is_about(self, rule: Rule) -> bool:
        groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
        any_of = {self.resource, "*", f"*/{self.resource.partition('/')[2]}"}
        whole = not rule.get("resourceNames")
        return (
            whole and not {self.group, "*"}.isdisjoint(groups) and not any_of.isdisjoint(resources)
        )


def rules_in(cluster: Asked, namespace: str) -> list[Rule] | None:
    """The rules that hold for us in a namespace; None when not all of them can be told."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    try:
        response = cluster.request(
            "POST",
            _REVIEW,
            content=json.dumps(review).encode(),
            headers={"Content-Type": "application/json"},
        )
    except ClusterError:
        return None
    status = http.json_of(response).get("status")
    if response.is_error or not isinstance(status, dict) or status.get("incomplete"):
        return None
    return list(status.get("resourceRules") or [])


def rights_findings(config: StackConfig, rights: Rights) -> Findings:
    """Whether everything that the releases of this stack do is permitted."""
    needs: dict[str, list[Need]] = {}
    for need in _needs(config):
        needs.setdefault(need.namespace, []).append(need)
    denied = [text for where in needs for text in _denied(needs[where], rights(where))]
    return Findings(denied=tuple(denied))


def _denied(needs: Iterable[Need], rules: list[Rule] | None) -> Iterator[str]:
    for need in needs if rules is not None else ():
        if missing := need.missing(rules or []):
            kind = f"{need.resource}.{need.group}" if need.group else need.resource
            yield (
                f"not permitted in namespace {need.namespace}: {', '.join(missing)} {kind}; "
                "docs/deployer.yaml has what a release needs"
            )


def _needs(config: StackConfig) -> Iterator[Need]:
    for app in config.apps.values():
        yield from _of_app(app)
    if config.apps:
        traefik, prometheus = config.traefik, config.prometheus
        yield from _proxy(traefik.access, traefik.access.namespace or traefik.namespace, "pods")
        where = prometheus.access.namespace or prometheus.namespace
        yield from _proxy(prometheus.access, where, "services")


def _of_app(app: AppConfig) -> Iterator[Need]:
    scaler = _DECLARED if app.autoscaler else ("get",)  # a run looks whether there is one
    kinds: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("", "services", (*_DECLARED, "update")),
        ("", "configmaps", (*_DECLARED, "update")),
        ("apps", "deployments", (*_DECLARED, "list")),
        ("apps", "deployments/scale", ("patch",)),
        ("autoscaling", "horizontalpodautoscalers", scaler),
        ("coordination.k8s.io", "leases", ("get", "create", "update", "delete")),
        (_TRAEFIK, "traefikservices", ("get", "list", "create", "update", "delete")),
        (_TRAEFIK, "ingressroutes", _DECLARED),
        ("", "pods", ("list",)),
        ("", "events", ("create",)),
    )
    if app.pod_disruption_budget:
        kinds = (*kinds, ("policy", "poddisruptionbudgets", _DECLARED))
    for group, resource, verbs in kinds:
        yield Need(namespace=app.namespace, group=group, resource=resource, verbs=verbs)


def _proxy(access: Access, namespace: str, kind: str) -> Iterator[Need]:
    """How a dependency is reached: through the API server's proxy, a port-forward, or directly."""
    if access.via == "direct":
        return
    if kind == "pods" or access.via == "portForward":
        yield Need(namespace=namespace, resource="pods", verbs=("list",))
    forwarded = access.via == "portForward"
    resource = "pods/portforward" if forwarded else f"{kind}/proxy"
    # Traefik's API is only read; a query is posted, and a port-forward is opened with a GET.
    verbs = ("get", "create") if not forwarded and kind == "services" else ("get",)
    yield Need(namespace=namespace, resource=resource, verbs=verbs)
