"""What the counts of a bake say about one check: pass, fail, or not known.

A bound is breached when it is exceeded by more than chance explains: a healthy version at half its
error budget exceeds it every few bakes. Texts carry value, bound and number of requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isclose, isfinite

from canary.core.binomial import upper_tail
from canary.core.counts import Tally, Window
from canary.core.plan import Check, CheckName

SHARED = ("primary breaches too", "baseline breaches too")  # begins a text
CHANCE = 0.05  # an excess at least this likely at the bound is put down to chance
SLOW_SHARE = 0.01  # the bound of the duration is one on the 99th percentile
LEAST_EXPECTED = 10  # fewer expected requests cannot show that a canary hangs
ANSWERED_SHARE = 1 / 3  # fewer answers than this show it


class Grade(StrEnum):
    """How a check came out."""

    PASS = "pass"  # noqa: S105 - a grade, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    REPORTED = "reported"  # told, and nothing follows from it


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One check, judged, and one line that says why.

    `brief` says it once more for the line that tells of a pass. `value` is in the unit of `bound`
    (percent that succeeded, or the P99 in milliseconds), None without requests; `n` is how many
    requests of the canary it rests on, 0 for a custom metric.
    """

    grade: Grade
    check: str
    text: str
    brief: str
    value: float | None
    bound: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """How many of `n` requests were bad, of which a share of `allowed` may be."""

    bad: int
    n: int
    allowed: float

    @classmethod
    def of(cls, check: Check, tally: Tally) -> _Count:
        if check.name is CheckName.SUCCESS_RATE:
            allowed = (100.0 - check.bound) / 100.0
            return cls(bad=tally.failed, n=tally.requests, allowed=allowed)
        return cls(bad=tally.slower_than(check.edge_s), n=tally.timed, allowed=SLOW_SHARE)

    @property
    def exceeds(self) -> bool:
        # A bound such as 99.9 has no exact float: equal must not become exceeded.
        return self.bad > round(self.n * self.allowed, 6)

    def breaches(self, check: Check) -> bool:
        """Whether the bound is exceeded by more than chance, or at all where that is wanted."""
        if not self.exceeds:
            return False
        return check.strict or upper_tail(self.bad, self.n, self.allowed) <= CHANCE


def judge_all(
    checks: Iterable[Check], window: Window, *, min_requests: int, warming: bool = False
) -> tuple[Verdict, ...]:
    """Every check, judged over one window; durations are left out while the canary warms up."""
    judged = (c for c in checks if not (warming and c.name is CheckName.DURATION))
    return tuple(judge(check, window, min_requests=min_requests) for check in judged)


def judge(check: Check, window: Window, *, min_requests: int) -> Verdict:
    """One check, judged over one window.

    Unknown with fewer than `min_requests` requests of the canary, and when the primary breaches
    the same bound: what they share (a database, a node, a bad client) is then the likelier cause.
    A check that is only to report tells the same, and nothing follows from it.
    """
    verdict = _judged(check, window, max(1, min_requests))
    return _reported(verdict) if check.report_only else verdict


def _judged(check: Check, window: Window, needed: int) -> Verdict:
    canary, primary = _Count.of(check, window.canary), _Count.of(check, window.primary)
    if window.covers_s <= 0:
        return _verdict(Grade.UNKNOWN, check, window, "no samples from Prometheus")
    if canary.n < needed:
        return _verdict(Grade.UNKNOWN, check, window, _too_few(canary.n, needed))
    if not canary.breaches(check):
        note = ", within chance" if canary.exceeds else ""
        return _verdict(Grade.PASS, check, window, _comparison(check, window, note))
    text = _comparison(check, window)
    if primary.n >= needed and primary.breaches(check):
        return _verdict(Grade.UNKNOWN, check, window, f"{window.beside} breaches too: {text}")
    return _verdict(Grade.FAIL, check, window, text)


def hanging(window: Window, weight_percent: int) -> str:
    """Why the canary must be taken to hang, "" when it need not.

    A request is counted when it ends, so a canary that never answers looks like one without
    traffic. The split is exact, hence the primary's count tells how many requests the canary was
    sent; but every replica of Traefik begins a new split, with the primary, at each reload, and a
    split cut short leaves out at most one turn of the canary. And where answers take long, the
    primary's first ones are to requests from before the window, of which the canary had none.
    """
    if not 0 < weight_percent < 100 or window.covers_s <= 0:
        return ""
    turn = weight_percent / (100 - weight_percent)  # canary requests for one of the primary
    splits = window.reloads + max(1, len(window.targets))
    fresh = max(0.0, 1.0 - window.primary.mean_s / window.covers_s)
    expected = window.primary.requests * fresh * turn - splits * max(1.0, turn)
    answered = window.canary.requests
    if expected < LEAST_EXPECTED or answered >= expected * ANSWERED_SHARE:
        return ""
    return f"answered {answered:,} of about {expected:,.0f} requests sent"


def _reported(verdict: Verdict) -> Verdict:
    text = f"{verdict.text} ({'breached, ' if verdict.grade is Grade.FAIL else ''}not judged)"
    brief = f"{verdict.brief} (not judged)"
    if verdict.grade is Grade.UNKNOWN:
        brief = text = f"{verdict.check}: {verdict.text} (not judged)"
    return replace(verdict, grade=Grade.REPORTED, text=text, brief=brief)


def _verdict(grade: Grade, check: Check, window: Window, text: str) -> Verdict:
    success = check.name is CheckName.SUCCESS_RATE
    canary = window.canary
    return Verdict(
        grade=grade,
        check=check.name.value,
        text=text,
        brief=_brief(check, window),
        value=canary.success_percent if success else canary.quantile_ms(1.0 - SLOW_SHARE),
        bound=check.bound,
        n=_Count.of(check, canary).n,
    )


def _too_few(seen: int, needed: int) -> str:
    if not seen:
        return f"no canary request seen ({needed:,} needed)"
    return f"only {seen:,} of {needed:,} canary requests seen"


def _comparison(check: Check, window: Window, note: str = "") -> str:
    """The canary against its bound, and the primary beside it."""
    if check.name is CheckName.SUCCESS_RATE:
        share = _success(check, window.canary)
        canary = f"{share} of {window.canary.requests:,} requests (min {check.bound:g} %)"
        primary = f"{_success(check, window.primary)} of {window.primary.requests:,}"
    else:
        canary = f"{_p99(window.canary)}, {_slow(check, window.canary)}"
        primary = _p99(window.primary)
    known = _Count.of(check, window.primary).n > 0
    beside = f"{window.beside} {primary}" if known else f"no {window.beside} request"
    return f"{check.name} {canary}{note}; {beside}"


def _brief(check: Check, window: Window) -> str:
    """Both sides in a few words, such as "P99 23 ms (primary 14 ms)"."""
    known = _Count.of(check, window.primary).n > 0
    if check.name is CheckName.DURATION:
        beside = f" ({window.beside} {_p99(window.primary)[4:]})" if known else ""
        return _p99(window.canary) + beside
    canary, primary = window.canary, window.primary
    share = f"{_success(check, primary)} of {primary.requests:,}"
    beside = f" ({window.beside} {share})" if known else ""
    return f"{_success(check, canary)} of {canary.requests:,} requests succeeded{beside}"


def _success(check: Check, tally: Tally) -> str:
    """A percentage with the bound's decimals, rounded down: a miss never reads as a hit."""
    good = tally.requests - tally.failed
    if good == tally.requests:
        return "100 %"
    decimals = max(1, len(f"{check.bound:g}".partition(".")[2]))
    scale: int = 10**decimals
    return f"{100 * scale * good // tally.requests / scale:.{decimals}f} %"


def _slow(check: Check, tally: Tally) -> str:
    edge_ms = 1000.0 * check.edge_s
    asked = "" if isclose(edge_ms, check.bound) else f"; the bound is {check.bound:,g} ms"
    slow = f"{tally.slower_than(check.edge_s):,} of {tally.timed:,} requests"
    return f"{slow} slower than {edge_ms:,g} ms (max {100 * SLOW_SHARE:g} %{asked})"


def _p99(tally: Tally) -> str:
    """The P99 in whole milliseconds; "over" when it is beyond the last edge, so not known."""
    value = tally.quantile_ms(1.0 - SLOW_SHARE) or 0.0
    last_s = max((le_s for le_s, _ in tally.edges if isfinite(le_s)), default=0.0)
    beyond = tally.slower_than(last_s) > tally.timed * SLOW_SHARE
    return f"P99 {'over ' if beyond else ''}{max(1, round(value)):,} ms"
