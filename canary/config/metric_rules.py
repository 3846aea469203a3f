"""Rules about metrics of the user's own: a name, one query, bounds, and only known variables."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config.analysis import Metric
from canary.config.problems import Path, Problem
from canary.config.stack import StackConfig
from canary.config.templates import complaints, own_variables
from canary.core.plan import CheckName

_TEMPLATES: Path = ("metricTemplates",)


def template_problems(stack: StackConfig) -> Iterator[Problem]:
    """What is wrong with templates, whoever uses them."""
    for name, template in stack.metric_templates.items():
        path = (*_TEMPLATES, name, "query")
        for text in complaints(template.query):
            yield Problem(path=path, text=text, involved=(path,))


def custom_problems(path: Path, metric: Metric, stack: StackConfig) -> Iterator[Problem]:
    """What is wrong with one metric's query and what belongs to it; of a builtin one, that it is.

    `path` leads to the metric.
    """
    if isinstance(metric.name, CheckName):
        for name, key in _CUSTOM_KEYS.items():
            if name in metric.model_fields_set:
                text = f"belongs to a metric of your own; {metric.name.value} is a builtin one"
                yield Problem(path=(*path, key), text=text, involved=(path,))
        return
    if metric.query is None and metric.template_ref is None:
        builtin = " and ".join(name.value for name in CheckName)
        text = f"is no builtin metric; there are {builtin}; others need query or templateRef"
        yield Problem(path=(*path, "name"), text=text, involved=(path,))
        return
    if metric.query is not None and metric.template_ref is not None:
        text = "query is one, too: remove one of the two"
        yield Problem(path=(*path, "templateRef"), text=text, involved=(path,))
        return
    yield from _query_problems(path, metric, stack)


_CUSTOM_KEYS = {
    "query": "query",
    "template_ref": "templateRef",
    "template_variables": "templateVariables",
}


def _query_problems(path: Path, metric: Metric, stack: StackConfig) -> Iterator[Problem]:
    query = metric.query
    if query is not None:
        for text in complaints(query):
            yield Problem(path=(*path, "query"), text=text, involved=(path,))
    elif metric.template_ref is not None:
        at, name = (*path, "templateRef", "name"), metric.template_ref.name
        if name not in stack.metric_templates:
            known = ", ".join(sorted(stack.metric_templates)) or "none"
            text = f"there is no canary:metricTemplates.{name}; there are: {known}"
            yield Problem(path=at, text=text, involved=(path, _TEMPLATES))
            return
        query = stack.metric_templates[name].query
    for name in own_variables(query or ""):
        if name not in metric.template_variables:
            text = f"lacks {name}, which the query uses"
            involved = (path, _TEMPLATES)
            yield Problem(path=(*path, "templateVariables"), text=text, involved=involved)


def range_troubles(metric: Metric) -> Iterator[str]:
    """What is wrong with the bounds of a metric of the user's own; min > max is told elsewhere."""
    bounds = metric.threshold_range
    if bounds.min is None and bounds.max is None and not metric.report_only:
        yield f"{metric.name} needs min or max, or else reportOnly: true"
