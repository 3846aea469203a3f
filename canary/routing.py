"""What the preview says about the way requests take while a release goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from canary.config import AppConfig, StackConfig
from canary.core.durations import text_of
from canary.core.plan import Plan
from canary.core.seen import HookType
from canary.load import reaches


def way_text(app: AppConfig, plan: Plan) -> str:
    """The steps to 100 % in few words."""
    count = len(plan.weights)
    bakes = f"{'s' if count > 1 else ''} of {text_of(plan.interval_s)}"
    if not plan.weights:
        return "100 % at once"
    if not plan.iterations:
        return f"{steps_text(plan.weights)} %, then 100 %: {count} step{bakes}"
    where = " or ".join(f"({entry.text})" for entry in app.analysis.match)
    where = where[1:-1] if len(app.analysis.match) == 1 else where
    return f"{count} iteration{bakes} on {where or f'host {app.preview}'}, then 100 %"


def steps_text(weights: Sequence[int]) -> str:
    """The weights in few words: "5 → 10 → … → 50"."""
    shown = [str(weight) for weight in weights]
    if len(shown) > 6:
        shown = [*shown[:3], "…", shown[-1]]
    return " → ".join(shown)


def routing_warnings(app: AppConfig, plan: Plan) -> Iterator[str]:
    """What keeps a run from seeing any request of the canary."""
    loads = (hook for hook in app.analysis.webhooks if hook.type is HookType.ROLLOUT)
    if app.preview and plan.judged and not any(reaches(app.preview, hook) for hook in loads):
        yield (
            f"no rollout hook sends load to {app.preview}: unless somebody else does, nothing is "
            "measured before the switch, and the release ends as inconclusive"
        )


def hidden_clients(config: StackConfig) -> Iterator[str]:
    """Where Traefik sees a node's address in the place of a client's."""
    traefik = config.traefik
    kept = traefik.service_type == "ClusterIP" or traefik.external_traffic_policy == "Local"
    if kept or not traefik.install:
        return
    for name, app in config.apps.items():
        if any(entry.client_ips for entry in app.analysis.match):
            yield (
                f"{name}: clientIPs may pick nobody: Traefik sees the address of a node that a "
                "request came through, unless canary:traefik.externalTrafficPolicy is Local"
            )


def routing_lines(app: AppConfig) -> Iterator[str]:
    """Who reaches the canary, and what its failures come to."""
    first = "iteration" if app.analysis.iterations else "weight"
    if app.analysis.mirror:
        yield (
            f"  mirror: before the first {first}, copies of {app.analysis.mirror_weight} % of the "
            f"requests go to the canary for {text_of(app.analysis.interval)}; its answers are "
            "judged and thrown away"
        )
    if app.analysis.baseline:
        yield (
            "  baseline: compares with a fresh copy of the primary, which gets as many pods and "
            "requests as the canary, above 50 % what is left of them, and is deleted after the run"
        )
    if app.analysis.iterations:
        yield (
            f"  until the switch all {'other ' if app.analysis.match else ''}requests stay on the "
            "primary, which is no measure: the checks judge alone"
        )
    if affinity := app.analysis.session_affinity:
        yield (
            f"  affinity: cookie {affinity.cookie_name} ({text_of(float(affinity.max_age))}) keeps "
            "a client on its version; weights are those of clients without it, and the primary is "
            "no measure: the checks judge alone"
        )
    if app.shielded:
        methods = "all" if app.analysis.session_affinity else ", ".join(app.shield.methods)
        yield (
            f"  shield: {methods} requests that the canary answers with "
            f"{', '.join(app.shield.status)} are answered by the primary"
        )
    elif app.shield.enabled:
        yield "  no shield: with one list for all methods, it needs safeToRepeat"
