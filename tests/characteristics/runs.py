"""Whole releases by the real engine over drawn counters, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from canary.config import BUCKET_EDGES_S
from canary.core.plan import Plan
from canary.core.seen import Side
from canary.planning import plan_of
from tests.characteristics.drawn import Drawn
from tests.characteristics.truth import Case
from tests.config.samples import loaded
from tests.engine.world import NEW, World

# What a configuration that says nothing comes to; Prometheus scrapes as often as the stack's own.
DEFAULTS = plan_of(
    loaded({"replicas": 2}).apps["podinfo"], scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one release ended.

    `by` is promoted, evidence, checks, inconclusive, hanging, or the line itself.
    `seconds` are from the canary's first traffic to its last, or to the end; `failed` counts the
    canary's bad answers.
    """

    by: str
    seconds: float
    failed: int = 0


def release(case: Case, seed: int, plan: Plan = DEFAULTS) -> Ending:
    """One release over drawn counters."""
    world = World(seed=seed)
    drawn = Drawn(world.clock, world.history, case, seed)
    world.metrics = drawn  # type: ignore[assignment]
    text = world.outcome(plan)
    drawn.live(world.clock.now_s())
    bad = [(code, n) for (side, code), n in drawn.counts.items() if side is Side.CANARY]
    failed = sum(total if code != "200" else total - quick for code, (total, quick) in bad)
    return Ending(by=cause(text), seconds=exposed_s(world), failed=failed)


def cause(text: str) -> str:
    """What ended a run, from its one line."""
    if text == "Succeeded":
        return "promoted"
    signs = {
        "chance does that": "evidence",
        "inconclusive for": "inconclusive",
        "requests sent": "hanging",
    }
    found = [name for sign, name in signs.items() if sign in text]
    return found[0] if found else "checks" if "failed checks" in text else text


def exposed_s(world: World) -> float:
    """From the canary's first traffic until it had none any more, or until the end."""
    began_s = next(at_s for at_s, weights in world.history if NEW in weights)
    later = (at_s for at_s, weights in world.history if at_s > began_s and NEW not in weights)
    return next(later, world.clock.now_s()) - began_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Many endings of one case."""

    name: str
    endings: Sequence[Ending]

    @classmethod
    def of(cls, name: str, run: Callable[[int], Ending], seeds: Iterable[int]) -> Summary:
        return cls(name=name, endings=[run(seed) for seed in seeds])

    def count(self, *causes: str) -> int:
        return sum(ending.by in causes for ending in self.endings)

    @property
    def stopped(self) -> int:
        """Releases rolled back by evidence or by checks."""
        return self.count("evidence", "checks")

    @property
    def seconds(self) -> tuple[float, float]:
        """Median and nine in ten, of what was rolled back."""
        rising = sorted(e.seconds for e in self.endings if e.by != "promoted")
        return (median(rising), rising[int(0.9 * len(rising))]) if rising else (0.0, 0.0)

    @property
    def failed(self) -> float:
        """Median of the canary's bad answers in what was rolled back."""
        return median([e.failed for e in self.endings if e.by != "promoted"] or [0])
