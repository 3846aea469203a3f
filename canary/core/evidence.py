"""Evidence that a canary is worse, good enough to end a run at once, and looked at every poll.

A bet against the canary: a stake of 1 is multiplied, stratum by stratum, by how much better a worse
canary would explain what was seen than one that is as good as allowed. If it is as good as allowed,
the stake is not expected to grow, whatever the load, the weights and the moment one looks; so the
chance that it ever reaches m is at most 1/m (Ville). It is bet against two claims, with half of the
allowed chance each:
- "no worse than the primary", up to the tolerated odds ratio: stratified 2×2 tables
  (Turner, Ly & Grünwald, arXiv:2106.02693; Lindon & Malek, arXiv:2011.03567);
- "within the bound of its checks": counts against a fixed share, with no primary needed.

What is counted late: a request counts when it ends. The weight only rises while evidence is
gathered, so right after a raise the canary's slow answers are still missing while the primary's old
ones arrive: slowness is found later than it could be, never falsely. The same gap lets failures
that are much quicker than the other answers look too frequent; strata in which it does so by more
than the tolerated odds ratio are evidence of slowness alone.

Absent on purpose: what follows from it (`canary.core.breach`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, fsum, inf, log, log1p

from canary.core.binomial import log_chance, upper_tail
from canary.core.contingency import Table
from canary.core.counts import Poll
from canary.core.plan import Bad, Check, CheckName, Plan, Terms
from canary.core.status import SERVER_ERRORS, Ranges, status_text
from canary.core.strata import Stratum, strata_of
from canary.core.verdicts import CHANCE, SLOW_SHARE

WORSE = tuple(1.25 * 320.0 ** (i / 11) for i in range(12))  # 1.25 … 400 times the tolerated odds
VANISHED = 1e-300  # smaller chances have no digits left
MOST_RELEASES = 10**9  # no model of requests is true to more digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One kind of bad request, and the bets on it.

    `logs` are the logarithms of the stakes against the primary, one for each odds ratio in `WORSE`.
    `allowed` is the share (0..1) that a check allows, 0 without one. `matched` are the canary's
    requests with some of the primary's in the same stratum, and `shared` how many of them had been
    bad at the primary's rates: what the versions have in common.
    """

    bad: Bad
    compared: bool
    allowed: float
    canary: int = 0
    canary_bad: int = 0
    primary: int = 0
    primary_bad: int = 0
    matched: int = 0
    shared: float = 0.0
    logs: tuple[float, ...] = (0.0,) * len(WORSE)

    def add(self, table: Table, odds_ratio: float) -> Charge:
        """The same with one more stratum."""
        both = table.canary > 0 < table.primary
        return replace(
            self,
            canary=self.canary + table.canary,
            canary_bad=self.canary_bad + table.canary_bad,
            primary=self.primary + table.primary,
            primary_bad=self.primary_bad + table.primary_bad,
            matched=self.matched + (table.canary if both else 0),
            shared=self.shared
            + (table.canary * table.primary_bad / table.primary if both else 0.0),
            logs=_raised(self.logs, table, odds_ratio) if self.compared else self.logs,
        )

    @property
    def log_worse(self) -> float:
        """The logarithm of the stake against "no worse than the primary"."""
        return log_mean(self.logs)

    @property
    def log_beyond(self) -> float:
        """The logarithm of the stake against "within the bound"; nothing if both are beyond it."""
        return -inf if self._common else log_excess(self.canary_bad, self.canary, self.allowed)

    @property
    def _common(self) -> bool:
        """Whether the primary, at the canary's hours, breaches the bound by more than chance."""
        if not self.matched:
            return False
        bad = round(self.primary * self.shared / self.matched)
        exceeds = bad > self.primary * self.allowed
        return exceeds and upper_tail(bad, self.primary, self.allowed) <= CHANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that speaks against the canary since `since_s`, when its traffic began.

    `since_s` is in Prometheus's clock, `edge_s` the bucket edge (seconds) beyond which a request
    is slow. `beside` says in a word whose requests the canary's are compared with.
    """

    terms: Terms
    charges: tuple[Charge, ...]
    edge_s: float
    since_s: float
    beside: str = "primary"
    bad_status: Ranges = SERVER_ERRORS

    @classmethod
    def opened(cls, plan: Plan, since_s: float) -> Evidence:
        """No evidence yet, on the plan's terms or else the usual ones.

        Slowness is a charge only where a check has a bound for it, and nothing is that a check is
        only to report.
        """
        terms = plan.evidence or Terms()
        edge_s = max((c.edge_s for c in plan.judged if c.name is CheckName.DURATION), default=0.0)
        allowed = {_kind(check): _share(check) for check in plan.judged}
        kinds = [bad for bad in Bad if bad in plan.classes or allowed.get(bad)]
        charges = tuple(
            Charge(
                bad=bad,
                compared=terms.exchangeable and bad in plan.classes,
                allowed=allowed.get(bad, 0.0),
            )
            for bad in kinds
            if bad is not Bad.SLOW or edge_s
        )
        beside = "baseline" if plan.baseline else "primary"
        return cls(
            terms=terms,
            charges=charges,
            edge_s=edge_s,
            since_s=since_s,
            beside=beside,
            bad_status=plan.bad_status,
        )

    def advance(self, poll: Poll, *, raised_s: float = -inf, warming: bool = False) -> Evidence:
        """This and what one more poll counted; slowness is left out while the canary warms up.

        `raised_s` is when the present bake began, in Prometheus's clock: its weight may be a higher
        one than before.
        """
        charges = self.charges
        for stratum in strata_of(poll, self.since_s, self.bad_status):
            settled = stratum.inflation(raised_s) <= self.terms.odds_ratio
            charges = tuple(
                self._added(one, stratum)
                if (not warming if one.bad is Bad.SLOW else settled)
                else one
                for one in charges
            )
        return replace(self, charges=charges)

    def breach(self, alpha: float) -> str:
        """Why the canary must be taken to be worse, "" while that may be chance.

        Over a whole run, a canary that is as good as allowed is taken to be worse with a chance of
        at most `alpha`.
        """
        compared, bounded = self._compared, self._bounded
        claims = [charges for charges in (compared, bounded) if charges]
        enough = log(max(1, len(claims)) / alpha)
        if self.log_worse >= enough:
            worst = max(compared, key=lambda charge: charge.log_worse)
            return f"{self._beside(worst)}: {_rarity(self.log_worse)}"
        if self.log_beyond >= enough:
            worst = max(bounded, key=lambda charge: charge.log_beyond)
            return f"{self._against_bound(worst)}: {_rarity(self.log_beyond)}"
        return ""

    @property
    def log_worse(self) -> float:
        """The logarithm of the whole stake against "no worse than the primary"."""
        return log_mean([charge.log_worse for charge in self._compared])

    @property
    def log_beyond(self) -> float:
        """The logarithm of the whole stake against "within its bounds"."""
        return log_mean([charge.log_beyond for charge in self._bounded])

    @property
    def _compared(self) -> list[Charge]:
        return [charge for charge in self.charges if charge.compared]

    @property
    def _bounded(self) -> list[Charge]:
        return [charge for charge in self.charges if charge.allowed]

    def _added(self, charge: Charge, stratum: Stratum) -> Charge:
        return charge.add(stratum.table(charge.bad, self.edge_s), self.terms.odds_ratio)

    def _beside(self, charge: Charge) -> str:
        primary = f"{charge.primary_bad:,} of {charge.primary:,}"
        return f"{self._alone(charge)} while {primary} did on the {self.beside}"

    def _against_bound(self, charge: Charge) -> str:
        return f"{self._alone(charge)}, where {100 * charge.allowed:g} % may"

    def _alone(self, charge: Charge) -> str:
        failed = status_text(self.bad_status)
        kinds = {Bad.SERVER_ERROR: failed, Bad.CLIENT_ERROR: "4xx", Bad.ERROR: f"4xx or {failed}"}
        did = f"took longer than {1000 * self.edge_s:,g} ms"
        if charge.bad in kinds:
            did = f"failed ({kinds[charge.bad]})"
        return f"{charge.canary_bad:,} of {charge.canary:,} canary requests {did}"


def log_excess(bad: int, n: int, allowed: float) -> float:
    """How much better shares above `allowed`, all alike, explain `bad` of `n` than `allowed` does.

    The logarithm of the mean of p^bad·(1 − p)^(n − bad) over p from `allowed` to 1, over the same
    at `allowed`: a Beta function, and of it what lies above. Never grows in the mean, whatever the
    true share at or below `allowed`.
    """
    # The incomplete Beta function of whole numbers is a binomial tail.
    above = upper_tail(n + 1 - bad, n + 1, 1.0 - allowed)
    if above < VANISHED:
        return -inf
    return log(above) - log(n + 1) - log1p(-allowed) - log_chance(bad, n, allowed)


def log_mean(logs: Iterable[float]) -> float:
    """The logarithm of the mean of what these are the logarithms of; of nothing, minus infinity."""
    all_logs = list(logs)
    top = max(all_logs, default=-inf)
    if top == -inf:
        return -inf
    return top + log(fsum(exp(one - top) for one in all_logs) / len(all_logs))


def _raised(logs: tuple[float, ...], table: Table, tolerated: float) -> tuple[float, ...]:
    """The stakes after one more table."""
    if not table.tells:
        return logs
    base = table.log_chance(tolerated)
    return tuple(
        one + table.log_chance(tolerated * worse) - base
        for one, worse in zip(logs, WORSE, strict=True)
    )


def _kind(check: Check) -> Bad:
    return Bad.SLOW if check.name is CheckName.DURATION else Bad.SERVER_ERROR


def _share(check: Check) -> float:
    """What a check allows; 0 is no bet: a single request would win it, which `threshold` is for."""
    if check.name is CheckName.DURATION:
        return SLOW_SHARE
    return (100.0 - check.bound) / 100.0 if 0.0 < check.bound < 100.0 else 0.0


def _rarity(log_stake: float) -> str:
    """How seldom chance does that: a stake of m is reached in at most one of m releases.

    Rounded down: to two digits below a thousand, to a power of ten above.
    """
    releases = int(exp(min(log_stake, log(MOST_RELEASES))) * (1.0 + 1e-12))
    unit = 10 ** (len(str(releases)) - 1)
    if releases < 1000:
        unit = max(1, unit // 10)
        return f"chance does that less than once in {releases // unit * unit} releases"
    return f"chance does that less than once in {unit:,} releases"
