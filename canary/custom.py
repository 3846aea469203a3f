"""From an app's configuration to the custom metrics of one version's run, and those in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from canary.config import AppConfig, Metric, MetricTemplate
from canary.config.templates import OWN, rendered
from canary.core.custom import CustomCheck
from canary.core.plan import CheckName
from canary.core.readings import bounds_text

NOT_JUDGED = "reported and not judged"  # what a preview says of a metric that is only reported


def custom_checks(
    app: AppConfig, templates: Mapping[str, MetricTemplate], version: str
) -> tuple[CustomCheck, ...]:
    """Every metric with a query, as the run that releases this version asks it."""
    own = (metric for metric in app.analysis.metrics if not isinstance(metric.name, CheckName))
    return tuple(
        CustomCheck(
            name=str(metric.name),
            query=rendered(_query(metric, templates), _values(app, metric, version)),
            least=metric.threshold_range.min,
            most=metric.threshold_range.max,
            every_s=metric.interval,
            report_only=metric.report_only,
        )
        for metric in own
    )


def custom_lines(checks: Iterable[CustomCheck]) -> Iterator[str]:
    """What a preview says of them."""
    for check in checks:
        bounds = bounds_text(check) or "no bounds"
        if check.report_only:
            yield f"  metric {check.name}: {bounds}, {NOT_JUDGED}"
        else:
            yield f"  check {check.name}: {bounds}"


def _query(metric: Metric, templates: Mapping[str, MetricTemplate]) -> str:
    if metric.template_ref is not None:
        return templates[metric.template_ref.name].query
    return metric.query or ""


def _values(app: AppConfig, metric: Metric, version: str) -> dict[str, str]:
    """The peer's variables; `target` names the Deployment whose pods are under test."""
    return {
        "name": app.name,
        "namespace": app.namespace,
        "target": f"{app.name}-{version}",
        "service": app.name,
        "ingress": app.name,
        "interval": _promql_duration(metric.interval or app.analysis.interval),
        **{f"{OWN}{name}": text for name, text in metric.template_variables.items()},
    }


def _promql_duration(duration_s: float) -> str:
    """A duration as PromQL takes it, which has no fractions: "90s", "1500ms"."""
    whole_ms = max(1, round(duration_s * 1000))
    return f"{whole_ms // 1000}s" if whole_ms % 1000 == 0 else f"{whole_ms}ms"
