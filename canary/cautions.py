"""What about an app's next release its author may not have meant, one line each."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config import AppConfig, mutable_tag
from canary.core.durations import text_of
from canary.core.plan import Plan
from canary.load import bypasses, expected_rate
from canary.routing import routing_warnings

_RELOAD_PAUSE_S = 2.0  # Traefik applies changes at most this often, and each restarts the split


def cautions(app: AppConfig, plan: Plan) -> Iterator[str]:
    """One line for each thing that a preview warns of."""
    if why := mutable_tag(app.image):
        yield (
            f"the image may change under the same name ({why}): a release would not be noticed "
            "and a rollback may not bring back what ran before"
        )
    if plan.replicas < 2:
        yield "fewer than two replicas: every lost pod is an outage of its version"
    if plan.skip_analysis:
        return
    for hook in app.analysis.webhooks:
        if bypasses(app, hook):
            yield (
                f"the load of hook {hook.name} goes to the Service and bypasses Traefik, so it is "
                f"no evidence: send it to Traefik with the header Host: {app.host}"
            )
    yield from _check_warnings(plan)
    yield from routing_warnings(app, plan)
    yield from _load_warnings(app, plan)


def _check_warnings(plan: Plan) -> Iterator[str]:
    if not plan.judged and all(check.report_only for check in plan.custom):
        yield "no metrics are checked: a version that is ready will be promoted"
    for check in plan.checks:
        if check.edge_s and abs(check.edge_s * 1000 - check.bound) > 1e-6 * check.bound:
            yield (
                f"{check.name.value} is judged at {check.edge_s * 1000:g} ms, the next lower edge "
                f"of Traefik's histogram, not at {check.bound:g} ms; "
                f"canary:traefik.latencyBuckets can add {check.bound / 1000:g}"
            )


def _load_warnings(app: AppConfig, plan: Plan) -> Iterator[str]:
    rate = expected_rate(app)
    if rate is None or plan.iterations:
        return
    weight = plan.weight(0)
    canary_rate = rate * weight / 100
    load = f"{weight} % of about {rate:g} requests/s"
    if canary_rate * _RELOAD_PAUSE_S < 1:
        yield (
            f"{load} is less than one request in {text_of(_RELOAD_PAUSE_S)}: "
            "while Traefik reloads often, the canary may get none; begin with a greater weight"
        )
    expected = canary_rate * plan.interval_s
    if plan.judged and expected < plan.min_requests:
        yield (
            f"{load} are about {expected:.0f} canary requests in {text_of(plan.interval_s)}, fewer "
            f"than minRequests {plan.min_requests}: the first bakes will be extended"
        )
