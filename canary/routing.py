"""What the preview says about the way requests take while a release goes on."""

from __future__ import annotations

from collections.abc import Iterator

from canary.config import AppConfig
from canary.core.durations import text_of


def routing_lines(app: AppConfig) -> Iterator[str]:
    """Who reaches the canary, and what its failures come to."""
    if app.analysis.mirror:
        yield (
            f"  mirror: before the first weight, copies of {app.analysis.mirror_weight} % of the "
            f"requests go to the canary for {text_of(app.analysis.interval)}; its answers are "
            "judged and thrown away"
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
