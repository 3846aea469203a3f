"""The look itself: log in once, then ask everything at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial

from canary.adapters.clock import SystemClock
from canary.adapters.cluster.access import Endpoint
from canary.config import AppConfig, StackConfig
from canary.custom import Question
from canary.errors import CanaryError
from canary.ports import Clock
from canary.preflight.alerts import alert_findings
from canary.preflight.apps import app_findings
from canary.preflight.bounded import all_within
from canary.preflight.findings import Findings, Reader, merged
from canary.preflight.guarding import Post, guard_findings
from canary.preflight.holders import Patience
from canary.preflight.hooks import has_secrets, hook_findings
from canary.preflight.listed import Listed
from canary.preflight.queries import query_findings
from canary.preflight.rights import Rights, rights_findings
from canary.preflight.surroundings import (
    crd_findings,
    namespace_findings,
    prometheus_findings,
    traefik_findings,
)

BOUND_S = 5.0  # for as many apps as a stack usually has
_FEW_APPS = 20
_EACH_S = 0.1  # for each further one: up to seven questions, sixteen are asked at a time
_CROWD = 5  # apps of one namespace
_SPARE_S = 1.0  # of the bound: for what is asked after the last look at a Lease or an answer
_LOGIN = "the API server"

Job = Callable[[], Findings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What is looked at; without `rights` nothing is concluded about permissions.

    `questions` are what the next runs will ask Prometheus.
    """

    cluster: Reader
    prometheus: Endpoint
    rights: Rights = field(default=lambda _: None)
    questions: tuple[Question, ...] = ()


def look(
    config: StackConfig,
    open_doors: Callable[[], Doors],
    *,
    owner: str = "",
    guard: Post | None = None,
    bound_s: float | None = None,
    clock: Clock | None = None,
) -> Findings:
    """Everything that can be said about the cluster within `bound_s` seconds (`bound_of`).

    `open_doors` logs in, which may run a credential plugin, so it counts too. `owner` is the
    stack's id if it is known, `guard` where its guard is if it is to have one. Nothing is written,
    and no hook is called. Only errors of this package become problems; a bug is raised as it is.
    """
    clock = clock or SystemClock()
    bound_s = bound_of(len(config.apps)) if bound_s is None else bound_s
    patience = Patience(clock=clock, until_s=clock.now_s() + bound_s - _SPARE_S)
    opened: Future[Doors] = Future()
    first: dict[str, Job] = {_LOGIN: partial(_log_in, open_doors, opened, _crowded(config))}
    jobs = _jobs(config, opened, guard) | _app_jobs(config, opened, owner, patience)
    jobs["custom metrics"] = lambda: _queries(opened.result(), patience)
    done, failed = all_within(bound_s, first | jobs)
    if _LOGIN in failed:  # everything else would only repeat it
        failed = {_LOGIN: failed[_LOGIN]}
    return merged([*done.values(), Findings(problems=_texts(failed, bound_s))])


def bound_of(apps: int) -> float:
    """How long a look at a stack with so many apps may take, in seconds.

    An API server that takes a fifth of a second for an answer is slow, and no reason to refuse two
    hundred apps what it permits one.
    """
    return BOUND_S + _EACH_S * max(0, apps - _FEW_APPS)


def _crowded(config: StackConfig) -> frozenset[str]:
    """The namespaces that are listed rather than asked for each object of each app."""
    apps = Counter(app.namespace for app in config.apps.values())
    return frozenset(namespace for namespace, count in apps.items() if count >= _CROWD)


def _log_in(
    open_doors: Callable[[], Doors], opened: Future[Doors], crowded: Container[str]
) -> Findings:
    try:
        doors = open_doors()
        doors.cluster.find("/version")
    except BaseException as error:
        opened.set_exception(error)
        raise
    opened.set_result(replace(doors, cluster=Listed(doors.cluster, crowded)))
    return Findings()


def _jobs(config: StackConfig, opened: Future[Doors], guard: Post | None) -> dict[str, Job]:
    def job(check: Callable[[Doors], Findings]) -> Job:
        return lambda: check(opened.result())

    shared = {
        "Traefik's CRDs": job(lambda doors: crd_findings(config, doors.cluster)),
        "Traefik": job(lambda doors: traefik_findings(config, doors.cluster)),
        "Prometheus": job(lambda d: prometheus_findings(config, d.cluster, d.prometheus)),
        "permissions": job(lambda doors: rights_findings(config, doors.rights)),
        "namespaces": job(lambda doors: namespace_findings(config, doors.cluster)),
    }
    if any(provider.secret_ref for provider in config.alert_providers.values()):
        shared["alert providers"] = job(lambda doors: alert_findings(config, doors.cluster))
    if has_secrets(config):
        shared["webhooks' secrets"] = job(lambda doors: hook_findings(config, doors.cluster))
    if guard is not None:
        shared["guard"] = job(lambda doors: guard_findings(config, doors.cluster, guard))
    return shared


def _queries(doors: Doors, patience: Patience) -> Findings:
    return query_findings(doors.questions, doors.cluster, doors.prometheus, patience)


def _app_jobs(
    config: StackConfig, opened: Future[Doors], owner: str, patience: Patience
) -> dict[str, Job]:
    def job(key: str, app: AppConfig) -> Job:
        return lambda: app_findings(key, app, opened.result().cluster, owner, patience)

    return {f"app {key}": job(key, app) for key, app in config.apps.items()}


def _texts(failed: Mapping[str, BaseException | None], bound_s: float) -> tuple[str, ...]:
    texts = []
    for name, error in failed.items():
        if error is not None and not isinstance(error, CanaryError):
            raise error
        texts.append(str(error) if error else f"{name} did not answer within {bound_s:g} s")
    return tuple(texts)
