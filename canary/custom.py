"""From an app's configuration to the custom metrics of one version's run, and those in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from canary.config import AppConfig, Metric, MetricTemplate, StackConfig
from canary.config.templates import OWN, rendered
from canary.core.custom import CustomCheck
from canary.core.plan import CheckName
from canary.core.readings import bounds_text

NOT_JUDGED = "reported and not judged"  # what a preview says of a metric that is only reported


def custom_checks(
    app: AppConfig, templates: Mapping[str, MetricTemplate], version: str
) -> tuple[CustomCheck, ...]:
    """Every metric with a query, as the run that releases this version asks it."""
    return tuple(
        CustomCheck(
            name=str(metric.name),
            query=rendered(_query(metric, templates), _values(app, metric, version)),
            least=metric.threshold_range.min,
            most=metric.threshold_range.max,
            every_s=metric.interval,
            report_only=metric.report_only,
        )
        for _, metric in _own(app)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the run of an app's version will ask; `path` says where it is configured."""

    path: str
    query: str
    report_only: bool
    app: AppConfig
    version: str


def questions(config: StackConfig, versions: Mapping[str, str]) -> Iterator[Question]:
    """What the runs of these versions, by app key, will ask."""
    for key, app in config.apps.items():
        if app.skip_analysis:
            continue
        checks = custom_checks(app, config.metric_templates, versions[key])
        for (index, metric), check in zip(_own(app), checks, strict=True):
            yield Question(
                path=f"canary:apps.{key}.analysis.metrics[{index}].{_source(metric)}",
                query=check.query,
                report_only=check.report_only,
                app=app,
                version=versions[key],
            )


def custom_lines(checks: Iterable[CustomCheck]) -> Iterator[str]:
    """What a preview says of them."""
    for check in checks:
        bounds = bounds_text(check) or "no bounds"
        if check.report_only:
            yield f"  metric {check.name}: {bounds}, {NOT_JUDGED}"
        else:
            yield f"  check {check.name}: {bounds}"


def _own(app: AppConfig) -> tuple[tuple[int, Metric], ...]:
    """The metrics with a query, and where in the list they are."""
    listed = enumerate(app.analysis.metrics)
    return tuple((n, metric) for n, metric in listed if not isinstance(metric.name, CheckName))


def _source(metric: Metric) -> str:
    if metric.template_ref is None:
        return "query"
    return f"templateRef (canary:metricTemplates.{metric.template_ref.name}.query)"


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
