"""Rules between fields: each looks at valid values and yields what does not go together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from canary.config.access_rules import access_problems
from canary.config.alert_rules import alert_problems
from canary.config.analysis import Analysis, Metric
from canary.config.app import AppConfig
from canary.config.hook_rules import header_problems, query_problems
from canary.config.metric_rules import custom_problems, range_troubles, template_problems
from canary.config.order_rules import order_problems
from canary.config.problems import Path, Problem, path_text
from canary.config.stack import StackConfig
from canary.config.strategy_rules import (
    adoption_problems,
    affinity_problems,
    baseline_problems,
    iteration_problems,
    mirror_problems,
    scaling_problems,
)
from canary.core.durations import text_of
from canary.core.gates import CALLS
from canary.core.plan import CheckName

AppRule = Callable[[Path, AppConfig, StackConfig], Iterator[Problem]]
_SMALLEST_SCRAPES = 2


def _weights(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    here, analysis = (*at, "analysis"), app.analysis
    step, most, listed = (*here, "stepWeight"), (*here, "maxWeight"), (*here, "stepWeights")
    if analysis.step_weights is None:
        if analysis.max_weight < analysis.step_weight:
            text = f"{analysis.max_weight} is below stepWeight, {analysis.step_weight}"
            yield Problem(path=most, text=text, involved=(most, step))
        return
    for name, path in (("step_weight", step), ("max_weight", most)):
        if name in analysis.model_fields_set:
            text = "stepWeights lists the weights itself: remove one of the two"
            yield Problem(path=path, text=text, involved=(path, listed))


def _interval(at: Path, app: AppConfig, stack: StackConfig) -> Iterator[Problem]:
    scrape_s, interval_s = stack.prometheus.scrape_interval, app.analysis.interval
    if interval_s < _SMALLEST_SCRAPES * scrape_s:
        path = (*at, "analysis", "interval")
        text = (
            f"{text_of(interval_s)} is shorter than two scrapes of Prometheus "
            f"(2 × {text_of(scrape_s)}, canary:prometheus.scrapeInterval)"
        )
        yield Problem(path=path, text=text, involved=(path, ("prometheus", "scrapeInterval")))


def _soak(at: Path, app: AppConfig, stack: StackConfig) -> Iterator[Problem]:
    scrape_s = stack.prometheus.scrape_interval
    if app.soak is not None and app.soak < scrape_s:
        text = f"{text_of(app.soak)} is shorter than one scrape of Prometheus ({text_of(scrape_s)})"
        path = (*at, "soak")
        yield Problem(path=path, text=text, involved=(path, ("prometheus", "scrapeInterval")))


def _metrics(at: Path, app: AppConfig, stack: StackConfig) -> Iterator[Problem]:
    here, seen = (*at, "analysis", "metrics"), set()
    for index, metric in enumerate(app.analysis.metrics):
        path = (*here, index)
        if metric.name in seen:
            yield Problem(path=path, text=f"{metric.name} is listed twice", involved=(here,))
        seen.add(metric.name)
        yield from custom_problems(path, metric, stack)
        for text in _range_troubles(metric, stack):
            yield Problem(path=(*path, "thresholdRange"), text=text, involved=(here, _EDGES))


_EDGES: Path = ("traefik", "latencyBuckets")


def _range_troubles(metric: Metric, stack: StackConfig) -> Iterator[str]:
    least, most = metric.threshold_range.min, metric.threshold_range.max
    if least is not None and most is not None and least > most:
        yield f"min {least:g} is over max {most:g}"
        return
    name = str(metric.name)
    if not isinstance(metric.name, CheckName):
        yield from range_troubles(metric)
        return
    if metric.name is CheckName.SUCCESS_RATE:
        yield from _success_troubles(name, least, most)
        return
    edges_s = stack.traefik.bucket_edges_s
    if most is None:
        yield f"{name} needs max, in milliseconds"
    elif not edges_s[0] * 1000 <= most <= edges_s[-1] * 1000:
        yield (
            f"max of {name} is in milliseconds, from {edges_s[0] * 1000:g} to "
            f"{edges_s[-1] * 1000:g} (the edges of Traefik's histogram), not {most:g}"
        )
    if least is not None:
        yield f"{name} has no min: no release is too fast"


def _success_troubles(name: str, least: float | None, most: float | None) -> Iterator[str]:
    if least is None:
        yield f"{name} needs min, in percent"
    elif not 0 < least <= 100:
        yield f"min of {name} is a percentage over 0 and at most 100, not {least:g}"
    if most is not None:
        yield f"{name} has no max: no release succeeds too often"


_GATE_KEYS = {"gate_timeout": "gateTimeout", "on_gate_timeout": "onGateTimeout"}


def _webhooks(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    here, seen = (*at, "analysis", "webhooks"), set()
    for index, hook in enumerate(app.analysis.webhooks):
        if hook.name in seen:
            text = "another webhook has this name, and reports could not tell them apart"
            yield Problem(path=(*here, index, "name"), text=text, involved=(here,))
        seen.add(hook.name)
        for name, key in _GATE_KEYS.items():
            if name in hook.model_fields_set and hook.type not in CALLS:
                text = f"is for webhooks that hold a run ({', '.join(CALLS)}), not for {hook.type}"
                yield Problem(path=(*here, index, key), text=text)
        yield from header_problems((*here, index), hook)
        yield from query_problems((*here, index), hook)


def _pods(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    scaler, budget, probes = app.autoscaler, app.pod_disruption_budget, app.probes
    if scaler and scaler.min_replicas > scaler.max_replicas:
        path = (*at, "autoscaler")
        text = f"minReplicas {scaler.min_replicas} is over maxReplicas {scaler.max_replicas}"
        yield Problem(path=path, text=text, involved=(path,))
    if budget and None not in {budget.min_available, budget.max_unavailable}:
        path = (*at, "podDisruptionBudget")
        yield Problem(path=path, text="minAvailable and maxUnavailable exclude each other")
    for name in ("readiness", "liveness", "startup"):
        probe = getattr(probes, name)
        kinds = (probe.http_get, probe.tcp_socket, probe.grpc, probe.exec) if probe else (1,)
        if sum(kind is not None for kind in kinds) != 1:
            path = (*at, "probes", name)
            text = "needs exactly one of httpGet, tcpSocket, grpc, exec"
            yield Problem(path=path, text=text, involved=(path,))
    if app.pre_stop_sleep_seconds >= app.termination_grace_period_seconds:
        path = (*at, "preStopSleepSeconds")
        yield Problem(
            path=path,
            text="must be shorter than terminationGracePeriodSeconds, "
            f"{app.termination_grace_period_seconds}",
            involved=(path, (*at, "terminationGracePeriodSeconds")),
        )


def _env(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    for name, variable in app.env.items():
        sources = (variable.value, variable.secret_key_ref, variable.config_map_key_ref)
        if sum(source is not None for source in sources) != 1:
            path = (*at, "env", name)
            text = "needs exactly one of value, secretKeyRef, configMapKeyRef"
            yield Problem(path=path, text=text, involved=(path,))


def _target(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    if app.target_ref and app.target_ref.name != app.name:
        path = (*at, "targetRef", "name")
        text = f"is {app.target_ref.name}, but the Deployments are called {app.name}-<version>"
        yield Problem(path=path, text=text, involved=(path, at))


def _duration(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    analysis = app.analysis
    if app.max_duration is None or app.skip_analysis:
        return
    soak_s = analysis.interval if app.soak is None else app.soak
    shortest_s = (len(weights_of(analysis)) + analysis.mirror) * analysis.interval + soak_s
    if app.max_duration < shortest_s:
        text = f"{text_of(app.max_duration)} is less than the steps take, {text_of(shortest_s)}"
        path = (*at, "maxDuration")
        yield Problem(path=path, text=text, involved=(path, (*at, "analysis"), (*at, "soak")))


def weights_of(analysis: Analysis) -> tuple[int, ...]:
    """Every weight judged before 100 %: up to maxWeight, then those of promotion; 0: iterations.

    A list that ends in 100 ends in the promotion itself, like any other.
    """
    if analysis.iterations:
        return (0,) * analysis.iterations
    weights = analysis.step_weights or _linear(analysis.step_weight, analysis.max_weight)
    return (*(weight for weight in weights if weight < 100), *promotion_of(analysis))


def promotion_of(analysis: Analysis) -> tuple[int, ...]:
    """Those of them between maxWeight and 100 %."""
    if analysis.iterations:
        return ()
    most = analysis.step_weights[-1] if analysis.step_weights else analysis.max_weight
    return tuple(range(most + analysis.step_weight_promotion, 100, analysis.step_weight_promotion))


def _linear(step: int, most: int) -> tuple[int, ...]:
    return (*range(step, most, step), most)


_APP_RULES: tuple[AppRule, ...] = (
    _weights,
    _interval,
    _soak,
    _metrics,
    _webhooks,
    _pods,
    _env,
    _target,
    _duration,
    affinity_problems,
    mirror_problems,
    iteration_problems,
    adoption_problems,
    baseline_problems,
    scaling_problems,
)
# What stands beside an app's own name in its namespace; another app must not be called so.
_TAKEN_SUFFIXES = (
    *("-shielded", "-failover", "-mirror", "-canary-shielded", "-canary"),
    *("-baseline", "-rollouts"),
)


def _one_name(stack: StackConfig) -> Iterator[Problem]:
    taken: dict[tuple[str, str], str] = {}
    for key, app in stack.apps.items():
        involved = (("apps", key, "name"), ("apps", key, "namespace"))
        other = taken.get((app.namespace, app.name))
        if other is not None:
            text = f"{path_text(('apps', other))} has the name {app.name} in {app.namespace} too"
            yield Problem(path=("apps", key), text=text, involved=involved)
        taken.setdefault((app.namespace, app.name), key)
    for key, app in stack.apps.items():
        for suffix in _TAKEN_SUFFIXES:
            owner = taken.get((app.namespace, app.name.removesuffix(suffix)))
            if owner is not None and app.name.endswith(suffix):
                text = f"{app.name} is the name of an object of {path_text(('apps', owner))}"
                yield Problem(path=("apps", key), text=text)


def _one_route(stack: StackConfig) -> Iterator[Problem]:
    taken: dict[tuple[str, str, str], str] = {}
    for key, app in stack.apps.items():
        prefix, at = (app.path or "/").rstrip("/") or "/", ("apps", key)
        for host, name in ((app.host, "host"), (app.preview, "previewHost")):
            keys = {(host, prefix, entry_point) for entry_point in app.entry_points if host}
            others = [taken[route] for route in sorted(keys) if taken.get(route, key) != key]
            if others:
                text = f"{path_text(('apps', others[0]))} has host {host} and path {prefix} too"
                involved = tuple((*at, part) for part in (name, "host", "path", "entryPoints"))
                yield Problem(path=(*at, name), text=text, involved=involved)
            taken |= {route: key for route in keys if route not in taken}


def _one_kubeconfig(stack: StackConfig) -> Iterator[Problem]:
    if stack.kubeconfig and stack.kubernetes.kubeconfig:
        text = "canary:kubeconfig holds one too: remove one of the two"
        yield Problem(path=("kubernetes", "kubeconfig"), text=text)


def _way_in(stack: StackConfig) -> Iterator[Problem]:
    """A Service that nothing outside reaches has no policy for what comes from there."""
    traefik, at = stack.traefik, ("traefik", "externalTrafficPolicy")
    if traefik.external_traffic_policy and traefik.service_type == "ClusterIP":
        text = "is for serviceType LoadBalancer or NodePort"
        yield Problem(path=at, text=text, involved=(at, ("traefik", "serviceType")))


def broken_rules(stack: StackConfig) -> Iterator[Problem]:
    """Every rule that the stack breaks."""
    yield from _one_kubeconfig(stack)
    yield from _way_in(stack)
    yield from access_problems(stack)
    yield from alert_problems(stack)
    yield from template_problems(stack)
    yield from _one_name(stack)
    yield from _one_route(stack)
    yield from order_problems(stack)
    for key, app in stack.apps.items():
        for rule in _APP_RULES:
            yield from rule(("apps", key), app, stack)
