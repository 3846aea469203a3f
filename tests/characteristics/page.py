"""The page that publishes what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from canary.core.binomial import upper_tail
from tests.characteristics.runs import Summary

_HEAD = """\
# Evidence: how quick, how often wrong, and where it ends

Written by `python -m tests.characteristics`; every line is a count of whole releases by the real
engine, decisions, thresholds and evidence together, over simulated traffic in which the truth is
known. The plan is the default one: 5 % to 50 % in ten steps of ten seconds, a soak of ten seconds,
99 % success, P99 of 500 ms, rolled back at the second failed check, α = 1 %, odds ratio 1.5; one
Traefik, scraped every five seconds.

What is computed, and why it may be looked at after every scrape: docs/adr/0010. In short: a stake
of 1 is bet against "the canary is no worse than the primary" and "it is within its bounds"; while
that is true the stake is not expected to grow, so the chance that it ever reaches 200 on either
claim is at most 1/200, over a whole release, whatever the load, the weights and the number of
looks.
"""

_GOOD = """
## Good versions

Both versions alike, and at every moment at most half as many failed and slow answers as the checks
allow (0.5 % of 1 %) — but for the bursts, whose mean is 0.2 %; 2 % of answers are 4xx. False is
what evidence or checks rolled back.
"""

_BAD = """
## Bad versions

The primary answers 1 % of requests with 4xx, 20 requests/s in all. Seconds from the canary's first
request until no request reaches it any more; failed are the bad answers it gave until then, before
the shield: for methods that are safe to repeat users see none of them.
"""

_BEYOND = """
## Beyond the promise

The promise rests on requests being dealt out alike. Here they are not, though the version is good.

- Bursts of each version's own (a noisy neighbour, a cold cache, a leak): a version that had bad
  luck for minutes looks like a bad version, and no count can tell the two apart. `oddsRatio` is
  what is tolerated; two replicas or more average luck out.
- Load that cycles: Traefik's split is exact, so with one Traefik and 5 %, every 20th request goes
  to the canary. A load generator that takes two pages in turn shows it one of them only. Real users
  do not do that; generators should draw requests at random.
- Failures that are much quicker than answers: a request counts when it ends, so for as long as an
  answer takes after each raise the canary has shown its quick failures and not yet its answers.
  Scrapes in which this inflates the odds by more than `oddsRatio` are left out, by the primary's
  mean duration. (Slow failures are found later, and nothing else; slowness itself is found later,
  never falsely, because weights only rise.) Where answers take several seconds, a canary that has
  not answered yet cannot be told from one that hangs, whatever the evidence says.
"""


def text(good: Sequence[Summary], bad: Sequence[Summary], beyond: Sequence[Summary]) -> str:
    """The page, from what was measured."""
    endings = [ending for summary in good for ending in summary.endings]
    false = sum(ending.by in {"evidence", "checks"} for ending in endings)
    proven = sum(ending.by == "evidence" for ending in endings)
    share, most = 100 * false / len(endings), 100 * _most(false, len(endings))
    total = (
        f"\n**{false} of {len(endings):,} good releases were stopped: {share:.2f} %** (at most "
        f"{most:.2f} % with 95 % confidence), {proven} of them by evidence. {_worst(good)}\n\n"
    )
    parts = [_HEAD, _GOOD, total, *_wrong(good), _BAD, "\n", *_detected(bad), _BEYOND, "\n"]
    return "".join([*parts, *_wrong(beyond)])


def _worst(good: Sequence[Summary]) -> str:
    """An average hides the case that is worst off."""
    worst = max(good, key=lambda one: one.stopped / len(one.endings))
    count = len(worst.endings)
    share = f"{worst.stopped} of {count}, {100 * worst.stopped / count:.2f} %"
    return f"Worst off is *{worst.name}*:\n{share}."


def _wrong(summaries: Iterable[Summary]) -> list[str]:
    rows = [
        "| case | releases | false | by evidence | by checks | inconclusive | taken to hang |\n"
    ]
    rows.append("|---|---:|---:|---:|---:|---:|---:|\n")
    for one in summaries:
        causes = ("evidence", "checks", "inconclusive", "hanging")
        counts = [one.stopped, *(one.count(by) for by in causes)]
        rows.append(f"| {one.name} | {len(one.endings)} | {' | '.join(map(str, counts))} |\n")
    return rows


def _detected(summaries: Iterable[Summary]) -> list[str]:
    rows = ["| canary | releases | rolled back | by evidence | median | 9 of 10 | failed |\n"]
    rows.append("|---|---:|---:|---:|---:|---:|---:|\n")
    for one in summaries:
        median_s, most_s = one.seconds
        rows.append(
            f"| {one.name} | {len(one.endings)} | {one.stopped} | {one.count('evidence')} "
            f"| {median_s:.1f} s | {most_s:.1f} s | {one.failed:g} |\n"
        )
    return rows


def _most(found: int, n: int) -> float:
    """The greatest share that still gives so few in one of twenty series (Clopper, Pearson)."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        few = 1.0 - upper_tail(found + 1, n, middle)
        low, high = (middle, high) if few > 0.05 else (low, middle)
    return high
