"""Whether the stack's guard is at work."""

from __future__ import annotations

from dataclasses import dataclass

from canary.config import StackConfig
from canary.preflight.findings import Findings, Reader

# What is lost without a guard, as the end of a sentence.
LOST = (
    "if the machine that runs `pulumi up` dies during a run, traffic stays where it is until the "
    "next one"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where this stack's guard is: its Deployment."""

    name: str
    namespace: str


def guard_findings(config: StackConfig, cluster: Reader, post: Post) -> Findings:
    """Whether the guard has a ready pod; one that was never installed will be.

    Raises:
        ClusterError: the API server did not answer or refused.
    """
    path = f"/apis/apps/v1/namespaces/{post.namespace}/deployments/{post.name}"
    found = cluster.find(path)
    what = f"the guard {post.name} in namespace {post.namespace}"
    if found is None and not _is_routed(config, cluster):
        return Findings()
    if found is None:
        text = f"{what} is not there; run `pulumi refresh` unless this update is to create it"
        return Findings(warnings=(f"{text}: {LOST}",))
    if not (found.get("status") or {}).get("readyReplicas"):
        return Findings(warnings=(f"{what} has no ready pod: {LOST}",))
    return Findings()


def _is_routed(config: StackConfig, cluster: Reader) -> bool:
    """Whether any app was released before."""
    lists = "/apis/traefik.io/v1alpha1/namespaces/{}/traefikservices/{}"
    apps = config.apps.values()
    return any(cluster.find(lists.format(app.namespace, app.name)) is not None for app in apps)
