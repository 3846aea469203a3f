"""Rules between the fields that say how a version gets its traffic."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config.app import AppConfig
from canary.config.problems import Path, Problem
from canary.config.stack import StackConfig


def affinity_problems(at: Path, app: AppConfig, _stack: StackConfig) -> Iterator[Problem]:
    """What browsers would not take: the client would change its version with every request."""
    affinity = app.analysis.session_affinity
    if affinity is None or affinity.secure:
        return
    here = (*at, "analysis", "sessionAffinity")
    secure = (*here, "secure")
    if affinity.same_site == "none":
        path = (*here, "sameSite")
        text = "none needs secure: true: browsers drop such a cookie otherwise"
        yield Problem(path=path, text=text, involved=(path, secure))
    if affinity.cookie_name.startswith(("__Secure-", "__Host-")):
        path = (*here, "cookieName")
        text = "this prefix needs secure: true: browsers drop such a cookie otherwise"
        yield Problem(path=path, text=text, involved=(path, secure))


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
