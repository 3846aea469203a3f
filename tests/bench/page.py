"""docs/benchmarks.md: medians, spread and ratios of what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from tests.bench.cases import CASES, INTERVAL_S, OURS, PEER, STEPS
from tests.bench.goals import WAITS_S, goals, over_s
from tests.bench.trial import Trial

INTRODUCTION = f"""\
# Side by side with Flagger

Written by `make bench`; do not edit. Flagger 1.44.0 and this project release the same podinfo, in
turns, through the same Traefik 3.7, judged from the same Prometheus (a scrape every 5 s), with the
analysis of Flagger's Traefik tutorial: {STEPS} steps of {INTERVAL_S} s, 5 to 50 %, `threshold` 10,
success rate at least 99 %, P99 at most 500 ms. Evidence is on here, as it is by default. Load: 20
GET/s. A separate probe of 20 GET/s counts what a user would complain about: 5xx, 404, a broken
connection, or no answer in 5 s. Everything ran on one machine with two cores. Each cell is a
median, with the least and the greatest behind it.

Traefik is installed by this project, with `allowEmptyServices`: without it, a canary of Flagger's
that is not ready costs every user, not only its own share.
"""
NOTES = f"""\
`errors`: podinfo answers a third of its requests with 400, 409 or 500 in equal parts. `slow`: every
answer takes 0.7 to 0.95 s. `crash`: the container exits 20 s after each start. *Done* is this
project's exit code, after soak, drain and the old version's deletion, and Flagger's Succeeded or
Failed. The waits that are configured are steps, soak and drain here, {WAITS_S[OURS]:.0f} s, and
steps there, {WAITS_S[PEER]:.0f} s. *Exposed* is the time from the canary's first weight to 100 % on
the old version; a release that was not decided in time has none. API requests are those beyond what
the cluster does at rest.
Ratio: Flagger's figure over this project's.
"""

Value = Callable[[Trial], float | None]
ROWS: tuple[tuple[str, str, Value], ...] = (
    ("from the change to done", "s", lambda t: t.total_s),
    ("of that, to the canary's first weight", "s", lambda t: t.ready_s),
    ("over readiness and the waits that are configured", "s", over_s),
    ("exposed", "s", lambda t: t.exposed_s),
    ("exposed after the first exit", "s", lambda t: t.after_exit_s),
    ("the canary's highest weight", "%", lambda t: float(t.highest)),
    ("failed requests of the probe", "", lambda t: float(t.failed)),
    ("API requests per minute", "", lambda t: t.api_per_min),
    ("Prometheus queries per minute", "", lambda t: t.queries_per_min),
    ("CPU of the controller, or of the CLI and its plugins", "s", lambda t: t.cpu_s),
    ("memory of the same", "MiB", lambda t: t.memory_mib),
)


def text(trials: Sequence[Trial]) -> str:
    """The whole page."""
    parts = [INTRODUCTION, NOTES]
    for case in CASES:
        chosen = [trial for trial in trials if trial.case == case.name]
        if chosen:
            parts.append(_section(case.name, chosen))
    own, peers = ([t for t in trials if t.side == side] for side in (OURS, PEER))
    table = ["| goal | measured | reached |", "|---|---|---|", *goals(own, peers)]
    return "\n".join([*parts, "## What was to be reached", "", *table, ""])


def _section(name: str, trials: Sequence[Trial]) -> str:
    sides = {side: [t for t in trials if t.side == side] for side in (OURS, PEER)}
    counts = "; ".join(f"{side}: {_outcomes(own)}" for side, own in sides.items())
    lines = [f"## {name}\n\n{counts}.\n", f"| | {OURS} | {PEER} | ratio |", "|---|---|---|---|"]
    for title, unit, value in ROWS:
        cells = [_known(own, value) for own in sides.values()]
        if any(cells):
            shown = " | ".join(_cell(values, unit) for values in cells)
            lines.append(f"| {title} | {shown} | {_ratio(*cells)} |")
    return "\n".join(lines) + "\n"


def _outcomes(trials: Sequence[Trial]) -> str:
    kinds = dict.fromkeys(trial.outcome for trial in trials)
    return ", ".join(f"{sum(t.outcome == kind for t in trials)} {kind}" for kind in kinds)


def _known(trials: Sequence[Trial], value: Value) -> list[float]:
    return [found for trial in trials if (found := value(trial)) is not None]


def _cell(values: Sequence[float], unit: str) -> str:
    if not values:
        return "none"
    low, high = _number(min(values)), _number(max(values))
    spread = f" ({low} to {high})" if low != high else ""
    return f"{_number(median(values))}{' ' if unit else ''}{unit}{spread}"


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 100 and value != round(value) else f"{value:.0f}"


def _ratio(ours: Sequence[float], peers: Sequence[float]) -> str:
    if not ours or not peers or not median(ours):
        return ""
    return f"{median(peers) / median(ours):.1f}"
