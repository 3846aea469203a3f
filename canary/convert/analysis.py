"""From a Canary's analysis to the same one here: what the peer means by what it leaves out."""

from __future__ import annotations

from typing import Any, Final

from canary.convert.documents import listing, mapping, text
from canary.convert.draft import Draft
from canary.convert.known import GATES
from canary.convert.queries import adapted
from canary.convert.remarks import Kind
from canary.core import durations
from canary.core.gates import CALLS

Map = dict[str, Any]
_LEAST_INTERVAL_S: Final = 10.0
_DEFAULT_INTERVAL: Final = "60s"


def analysis(draft: Draft, spec: Map, label: str) -> Map:
    """The analysis with the peer's defaults written out where they are others here."""
    found = mapping(spec.get("analysis"))
    for name in [name for name, value in found.items() if value is None]:
        del found[name]
    _interval(draft, found, f"{label}.analysis.interval")
    if not found.get("threshold"):
        found["threshold"] = 1
    found.setdefault("metrics", [])
    _weights(draft, found, f"{label}.analysis")
    for index, metric in _maps(found, "metrics"):
        _metric(draft, metric, f"{label}.analysis.metrics[{index}]")
    _names(draft, found, label)
    for index, hook in _maps(found, "webhooks"):
        if not hook.get("type"):
            hook.pop("type", None)
        if text(hook.get("type")) in CALLS:
            draft.say(Kind.CHANGED, f"{label}.analysis.webhooks[{index}]", GATES)
    return found


def _maps(found: Map, name: str) -> list[tuple[int, Map]]:
    """The mappings in a list, with their places; changes to them are changes of the list."""
    return [(i, item) for i, item in enumerate(listing(found.get(name))) if isinstance(item, dict)]


def _interval(draft: Draft, found: Map, place: str) -> None:
    interval = found.setdefault("interval", _DEFAULT_INTERVAL)
    try:
        interval_s = durations.seconds(text(interval))
    except ValueError:
        draft.say(Kind.CHANGED, place, "is no duration: the peer takes 60s then")
        found["interval"] = _DEFAULT_INTERVAL
        return
    if interval_s < _LEAST_INTERVAL_S:
        draft.say(Kind.CHANGED, place, "the peer takes 10s for anything shorter, so 10s is written")
        found["interval"] = "10s"


def _weights(draft: Draft, found: Map, place: str) -> None:
    for name in ("stepWeight", "maxWeight", "stepWeightPromotion", "stepWeights", "iterations"):
        if not found.get(name):
            found.pop(name, None)
    if found.get("iterations"):
        _iterations(draft, found, place)
    if "stepWeights" not in found:
        if "stepWeight" in found:
            found.setdefault("maxWeight", 100)
        return
    if "maxWeight" in found:
        del found["maxWeight"]
        draft.say(Kind.UNNEEDED, f"{place}.maxWeight", "the peer stops at the last of stepWeights")
    if "stepWeight" in found:
        weights = found.pop("stepWeights")
        found["maxWeight"] = listing(weights)[-1] if listing(weights) else 100
        text = "the peer takes stepWeight, up to the last of these, which becomes maxWeight"
        draft.say(Kind.CHANGED, f"{place}.stepWeights", text)


def _iterations(draft: Draft, found: Map, place: str) -> None:
    for name in ("stepWeight", "maxWeight", "stepWeightPromotion", "stepWeights"):
        if name in found:
            del found[name]
            draft.say(Kind.UNNEEDED, f"{place}.{name}", "the peer ignores it beside iterations")


def _metric(draft: Draft, metric: Map, place: str) -> None:
    for name in [name for name, value in metric.items() if value in (None, "", {}, [])]:
        del metric[name]
    _threshold(draft, metric, f"{place}.threshold")
    if text(metric.get("query")):
        metric["query"] = adapted(draft, metric["query"], f"{place}.query")


def _threshold(draft: Draft, metric: Map, place: str) -> None:
    """The deprecated bound: the least percentage of successes, the greatest of all else."""
    bound = metric.pop("threshold", None)
    if bound is not None and not metric.get("thresholdRange"):
        side = "min" if metric.get("name") == "request-success-rate" else "max"
        metric["thresholdRange"] = {side: bound}
        draft.say(Kind.CHANGED, place, f"is deprecated there, and becomes thresholdRange.{side}")


def _names(draft: Draft, found: Map, label: str) -> None:
    """Reports and the terminal tell webhooks and alerts apart by name, so each needs its own."""
    for part in ("webhooks", "alerts"):
        taken = {text(item.get("name")) for _index, item in _maps(found, part)}
        seen: set[str] = {""}
        for index, item in _maps(found, part):
            name, number = text(item.get("name")), 2
            if name and name in seen:
                while f"{name}-{number}" in taken:
                    number += 1
                item["name"] = f"{name}-{number}"
                taken.add(item["name"])
                place = f"{label}.analysis.{part}[{index}].name"
                draft.say(Kind.CHANGED, place, f"another has this name, so it gets -{number}")
            seen.add(name)
