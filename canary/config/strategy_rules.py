"""Rules between the fields that say how a version gets its traffic."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config.affinity import SessionAffinity
from canary.config.app import AppConfig
from canary.config.problems import Path, Problem
from canary.config.stack import StackConfig


def affinity_problems(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    """What browsers would not take: the client would change its version with every request."""
    if app.analysis.session_affinity is None:
        return
    here = (*at, "analysis", "sessionAffinity")
    for key, text, *others in _refused_by_browsers(app, app.analysis.session_affinity):
        involved = (*((*here, name) for name in (key, *others)), (*at, "host"), (*at, "path"))
        yield Problem(path=(*here, key), text=text, involved=involved)


def _refused_by_browsers(app: AppConfig, cookie: SessionAffinity) -> Iterator[tuple[str, ...]]:
    """Key, what is wrong with it, and further keys that are part of it."""
    drop = "browsers drop such a cookie otherwise"
    if cookie.same_site == "none" and not cookie.secure:
        yield "sameSite", f"none needs secure: true: {drop}", "secure"
    if cookie.cookie_name.startswith(("__Secure-", "__Host-")) and not cookie.secure:
        yield "cookieName", f"this prefix needs secure: true: {drop}", "secure"
    if cookie.cookie_name.startswith("__Host-") and (cookie.domain or cookie.path != "/"):
        yield "cookieName", f"this prefix allows no domain, and no path but /: {drop}", "domain"
    if cookie.domain and not f".{app.host}".endswith(f".{cookie.domain}"):
        yield "domain", f"must be {app.host} or a domain that it is in: {drop}"
    requests, kept = f"{(app.path or '/').rstrip('/')}/", f"{cookie.path.rstrip('/')}/"
    if not requests.startswith(kept) and not kept.startswith(requests):
        yield "path", f"is nowhere below the app's path, {app.path}: it would never be sent back"


def mirror_problems(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    """A copy of a request does what the request does, a second time."""
    path, safe = (*at, "analysis", "mirror"), (*at, "safeToRepeat")
    if app.analysis.mirror and not app.safe_to_repeat:
        text = (
            "sends requests twice, POST too: remove it, or say safeToRepeat: true in the app's "
            "settings if that does no harm"
        )
        yield Problem(path=path, text=text, involved=(path, safe))
    if "mirror_weight" in app.analysis.model_fields_set and not app.analysis.mirror:
        weight = (*at, "analysis", "mirrorWeight")
        yield Problem(path=weight, text="is for mirror: true", involved=(weight, path))


_SHIFTS = {
    "step_weight": "stepWeight",
    "step_weights": "stepWeights",
    "max_weight": "maxWeight",
    "step_weight_promotion": "stepWeightPromotion",
}


def iteration_problems(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    """Iterations shift nothing; what picks requests is for them alone."""
    analysis, here = app.analysis, (*at, "analysis")
    iterations = (*here, "iterations")
    if analysis.iterations is None:
        if analysis.match:
            path = (*here, "match")
            text = "needs iterations: how often the canary is judged while only these reach it"
            yield Problem(path=path, text=text, involved=(path, iterations))
    else:
        keys = [key for name, key in _SHIFTS.items() if name in analysis.model_fields_set]
        keys += ["sessionAffinity"] if analysis.session_affinity else []
        for key in keys:
            path = (*here, key)
            text = "does not go with iterations, which keep users where they are: remove one"
            yield Problem(path=path, text=text, involved=(path, iterations))
    yield from _preview_problems(at, app)


def baseline_problems(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    """What leaves the baseline without requests, or with others than the canary's."""
    analysis = app.analysis
    if not analysis.baseline:
        return
    without = {
        "mirror": (analysis.mirror, "sends it no copies"),
        "iterations": (analysis.iterations, "leaves all requests where they are"),
        "sessionAffinity": (
            analysis.session_affinity,
            "gives it other clients than the canary, of whom some stay when it is gone",
        ),
    }
    here = (*at, "analysis", "baseline")
    for key, (given, why) in without.items():
        if given:
            other = (*at, "analysis", key)
            text = f"does not go with {key}, which {why}: remove one"
            yield Problem(path=here, text=text, involved=(here, other))


def scaling_problems(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    """Where all pods are there from the start, there is nothing that more could be added to."""
    analysis, here = app.analysis, (*at, "analysis")
    if "scaling_headroom" in analysis.model_fields_set and analysis.scaling == "full":
        path, scaling = (*here, "scalingHeadroom"), (*here, "scaling")
        yield Problem(path=path, text="is for scaling: proportional", involved=(path, scaling))


def _preview_problems(at: Path, app: AppConfig) -> Iterator[Problem]:
    path = (*at, "previewHost")
    if app.preview_host and not app.preview:
        text = "is for analysis.iterations without match (blue/green)"
        yield Problem(path=path, text=text, involved=(path, (*at, "analysis")))
    if app.preview_host == app.host:
        text = "must be another name than host, under which the users come"
        yield Problem(path=path, text=text, involved=(path, (*at, "host")))


def adoption_problems(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    """Only what would stand in the way of the app's own objects can be taken over."""
    for index, entry in enumerate(app.adopt):
        kind, _, name = entry.partition("/")
        if name != app.name:
            text = f"is {entry}, but the app makes {kind}/{app.name}: only that can be taken over"
            yield Problem(path=(*at, "adopt", index), text=text, involved=(at,))
    if app.adopt and app.create_namespace:
        text = "what is taken over has a namespace: set createNamespace to false"
        yield Problem(path=(*at, "adopt"), text=text, involved=((*at, "createNamespace"),))
