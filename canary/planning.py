"""From an app's configuration to the plan of its next release, and that plan in words.

The words are what a preview shows: what will happen, how long it takes at least, and what about it
its author may not have meant.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from canary.cautions import cautions
from canary.config import (
    Analysis,
    AppConfig,
    Metric,
    gates_of,
    promotion_of,
    ranges_of,
    weights_of,
)
from canary.core.custom import CustomCheck
from canary.core.durations import text_of
from canary.core.plan import Bad, Check, CheckName, Gate, OnTimeout, Plan, Terms
from canary.core.seen import HookType
from canary.core.status import Ranges, status_text
from canary.custom import NOT_JUDGED, custom_lines
from canary.routing import routing_lines, way_text
from canary.sizing import pods_line

_LONGEST_POLL_S = 5.0
_LONGEST_HOLD_S = 7 * 86400.0  # a gate that holds for as long as it takes; maxDuration says more


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanText:
    """A plan for people: `lines` tell it, `warnings` are one line each and name the app."""

    lines: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_of(
    app: AppConfig,
    *,
    scrape_interval_s: float,
    bucket_edges_s: Sequence[float],
    custom: tuple[CustomCheck, ...] = (),
) -> Plan:
    """The numbers that shape a run of this app; `custom` are the metrics of its own."""
    analysis = app.analysis
    soak_s = analysis.interval if app.soak is None else app.soak
    plan = Plan(
        weights=weights_of(analysis),
        promotion_steps=len(promotion_of(analysis)),
        interval_s=analysis.interval,
        threshold=analysis.threshold,
        checks=_checks(analysis, bucket_edges_s),
        custom=custom,
        bad_status=ranges_of(analysis.bad_status),
        min_requests=analysis.min_requests,
        warm_up_s=analysis.warm_up,
        soak_s=soak_s,
        drain_s=app.drain,
        progress_deadline_s=float(app.progress_deadline_seconds),
        inconclusive_deadline_s=_inconclusive_s(app),
        promote_inconclusive=analysis.on_inconclusive == "promote",
        max_duration_s=app.max_duration or _longest_s(app, soak_s),
        poll_s=min(_LONGEST_POLL_S, scrape_interval_s),
        scrape_s=scrape_interval_s,
        skip_analysis=app.skip_analysis,
        rollback_window_s=app.rollback_window,
        hooks=frozenset(hook.type.value for hook in analysis.webhooks),
        gates=gates_of(analysis.webhooks),
        evidence=_terms(analysis),
        mirror_percent=analysis.mirror_weight if analysis.mirror else 0,
        baseline=analysis.baseline,
        previewed=bool(app.preview),
        clients_stay=analysis.session_affinity is not None,
    )
    return _sized(plan, app)


def _sized(plan: Plan, app: AppConfig) -> Plan:
    """The same plan, with how many pods there are, and how many of them must be ready."""
    analysis = app.analysis
    return replace(
        plan,
        replicas=app.settled_replicas,
        most_replicas=app.most_replicas,
        proportional=analysis.scaling == "proportional",
        headroom_percent=analysis.scaling_headroom,
        canary_ready_percent=analysis.canary_ready_threshold,
        primary_ready_percent=analysis.primary_ready_threshold,
    )


def _inconclusive_s(app: AppConfig) -> float:
    usual_s = max(app.progress_deadline_seconds, 3 * app.analysis.interval)
    return float(app.analysis.inconclusive_deadline_seconds or usual_s)


def _terms(analysis: Analysis) -> Terms | None:
    """Where the two versions are not sent the same kind of requests, only the bounds count."""
    evidence = analysis.evidence
    if not evidence.enabled:
        return None
    classes = tuple(bad for bad in Bad if bad.value in evidence.classes)
    return Terms(
        alpha=evidence.alpha,
        odds_ratio=evidence.odds_ratio,
        classes=classes,
        exchangeable=analysis.session_affinity is None and analysis.iterations is None,
    )


def _longest_s(app: AppConfig, soak_s: float) -> float:
    """Every deadline used up to its end, one after the other; a run beyond that hangs."""
    analysis = app.analysis
    bakes_s = (len(weights_of(analysis)) + 1 + analysis.mirror) * (
        analysis.interval + _inconclusive_s(app)
    )
    repeated_s = analysis.threshold * analysis.interval
    hooks_s = sum(hook.timeout * (hook.retries + 1) for hook in analysis.webhooks)
    gates = gates_of(analysis.webhooks).values()
    if any(gate.then is OnTimeout.HOLD for gate in gates):
        return _LONGEST_HOLD_S
    gates_s = sum(gate.timeout_s for gate in gates) * (len(weights_of(analysis)) + 1)
    awaited = 1 + len(weights_of(analysis)) * (analysis.scaling == "proportional")
    deadlines_s = awaited * app.progress_deadline_seconds + soak_s + app.drain
    return deadlines_s + bakes_s + repeated_s + hooks_s + gates_s


def _checks(analysis: Analysis, edges_s: Sequence[float]) -> tuple[Check, ...]:
    """The builtin ones."""
    builtin = (metric for metric in analysis.metrics if isinstance(metric.name, CheckName))
    return tuple(_check(metric, analysis.strict, edges_s) for metric in builtin)


def _check(metric: Metric, strict: bool, edges_s: Sequence[float]) -> Check:  # noqa: FBT001
    if metric.name is CheckName.SUCCESS_RATE:
        return Check(
            name=CheckName.SUCCESS_RATE,
            bound=metric.threshold_range.min or 0.0,
            strict=strict,
            report_only=metric.report_only,
        )
    bound_ms = metric.threshold_range.max or 0.0
    return Check(
        name=CheckName.DURATION,
        bound=bound_ms,
        edge_s=lower_edge_s(bound_ms, edges_s),
        strict=strict,
        report_only=metric.report_only,
    )


def lower_edge_s(bound_ms: float, edges_s: Sequence[float]) -> float:
    """The greatest bucket edge at or below the bound; the first one if there is none."""
    rising = sorted(edges_s)
    # A bound of 300 ms is the edge 0.3 s, whatever floats make of the division.
    return rising[max(0, bisect.bisect_right(rising, bound_ms / 1000 * (1 + 1e-9)) - 1)]


def describe(name: str, app: AppConfig, plan: Plan, served_ago_s: float | None = None) -> PlanText:
    """What the preview says about the next release of this app.

    `served_ago_s` is how long ago the wanted version was primary, None if it is not known to have
    been.
    """
    if served_ago_s is not None and served_ago_s <= plan.rollback_window_s:
        return _returning(name, app, plan, served_ago_s)
    return PlanText(
        lines=tuple(_lines(name, app, plan)),
        warnings=tuple(f"{name}: {text}" for text in cautions(app, plan)),
    )


def _returning(name: str, app: AppConfig, plan: Plan, served_ago_s: float) -> PlanText:
    direct = replace(plan, skip_analysis=True)
    line = (
        f"{name}: 100 % as soon as it is ready, without an analysis: this version was primary "
        f"until {text_of(float(round(served_ago_s)))} ago "
        f"(rollbackWindow {text_of(plan.rollback_window_s)})"
    )
    return PlanText(
        lines=(line, *tuple(_lines(name, app, direct))[1:]),
        warnings=tuple(f"{name}: {text}" for text in cautions(app, direct)),
    )


def _lines(name: str, app: AppConfig, plan: Plan) -> Iterator[str]:
    if plan.skip_analysis:
        yield f"{name}: 100 % as soon as the new version is ready; the analysis is skipped"
    else:
        yield from _judged_lines(name, app, plan)
    for kind in HookType:
        names = [hook.name for hook in app.analysis.webhooks if hook.type is kind]
        if names and (kind is not HookType.ROLLOUT or not plan.skip_analysis):
            yield f"  hooks {kind.value}: {', '.join(names)}"
    for kind, gate in plan.gates.items():
        if not plan.skip_analysis:
            yield f"  gate {kind}: {_gate_text(gate)}"
    for alert in app.analysis.alerts:
        yield f"  alert {alert.name}: {alert.severity} and worse to {alert.provider_ref.name}"
    if not plan.skip_analysis:
        yield from routing_lines(app)


def _gate_text(gate: Gate) -> str:
    then = {OnTimeout.PASS: "the run goes on", OnTimeout.FAIL: "the run ends"}.get(gate.then)
    late = f"; after {text_of(gate.timeout_s)} without, {then}" if then else ""
    return f"holds until it answers 2xx{late}"


def _judged_lines(name: str, app: AppConfig, plan: Plan) -> Iterator[str]:
    yield f"{name}: {way_text(app, plan)}, soak {text_of(plan.soak_s)}"
    yield f"  at least {text_of(plan.shortest_s)} once the new pods are ready"
    yield pods_line(plan)
    for check in plan.checks:
        if check.report_only:
            yield f"  metric {check_text(check, plan.bad_status)}, {NOT_JUDGED}"
        else:
            yield f"  check {check_text(check, plan.bad_status)}"
    yield from custom_lines(plan.custom)
    then = "; promoted" if plan.promote_inconclusive else ", or"
    yield (
        f"  rolled back at {plan.threshold} failed check{'s' if plan.threshold > 1 else ''}"
        f"{then} after {text_of(plan.inconclusive_deadline_s)} without a verdict"
    )
    yield from _evidence_lines(plan)
    windows = {
        text_of(m.interval)
        for m in app.analysis.metrics
        if m.interval is not None and isinstance(m.name, CheckName)
    }
    if windows:
        yield (
            f"  metrics.interval {', '.join(sorted(windows))} is a sliding window in Flagger; here "
            f"each bake ({text_of(plan.interval_s)}) is judged by its own requests alone"
        )


def check_text(check: Check, bad_status: Ranges) -> str:
    """A check with its bound, for people."""
    literally = ", read literally" if check.strict else ""
    if check.name is CheckName.SUCCESS_RATE:
        failed = status_text(bad_status)
        return f"{check.name.value}: at least {check.bound:g} % without a {failed}{literally}"
    return f"{check.name.value}: 99 % within {check.edge_s * 1000:g} ms{literally}"


def _evidence_lines(plan: Plan) -> Iterator[str]:
    """What ends a run at once."""
    terms = plan.evidence
    compared = terms is not None and terms.exchangeable and plan.classes
    if terms is None or not (compared or plan.judged):
        return
    named = {Bad.SERVER_ERROR: status_text(plan.bad_status)}
    classes = ", ".join(named.get(bad, bad.value) for bad in plan.classes)
    tolerated = f"{terms.odds_ratio:g} times its odds are tolerated"
    beside = "baseline" if plan.baseline else "primary"
    claims = [f"worse than the {beside} ({classes}; {tolerated})"] if compared else []
    claims += ["beyond the bound of a check"] if plan.judged else []
    yield (
        f"  rolled back at once when proven {' or '.join(claims)}; "
        f"at most {100 * terms.alpha:g} % of good releases are"
    )
