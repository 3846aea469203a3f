"""A 2×2 table: two versions, good and bad requests, and what the odds between them make of it.

Given how many requests each version answered and how many were bad in all, chance alone deals the
bad ones out. If a canary request is bad with ψ times the odds of a primary's, the canary's share of
them follows Fisher's noncentral hypergeometric distribution: P(j) ∝ C(n_c, j)·C(n_p, k − j)·ψ^j.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

from canary.core.binomial import log_chance

NEGLIGIBLE = 1e-16  # terms below this share of the sum are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Requests of both versions between two scrapes, and how many of each were bad."""

    canary: int
    canary_bad: int
    primary: int
    primary_bad: int

    @property
    def bad(self) -> int:
        """The bad requests of both versions."""
        return self.canary_bad + self.primary_bad

    @property
    def least(self) -> int:
        """The fewest bad requests that the canary can have got."""
        return max(0, self.bad - self.primary)

    @property
    def most(self) -> int:
        """The most bad requests that the canary can have got."""
        return min(self.bad, self.canary)

    @property
    def tells(self) -> bool:
        """Whether chance had any choice: not with one version alone, nor with all good or bad."""
        return self.least < self.most

    def log_chance(self, odds: float) -> float:
        """The logarithm of the chance of this table among all with its sums, if ψ is `odds`."""
        return self._log_term(self.canary_bad, odds) - self._log_sum(odds)

    def _log_sum(self, odds: float) -> float:
        """The logarithm of the sum over all tables, outward from its greatest term: O(sqrt(k))."""
        mode = self._mode(odds)
        around = 1.0 + self._rising(mode, odds) + self._falling(mode, odds)
        return self._log_term(mode, odds) + log(around)

    def _log_term(self, j: int, odds: float) -> float:
        """The logarithm of C(n_c, j)·C(n_p, k − j)·ψ^j, up to a constant of the sums.

        Taken as two binomial chances at the overall share, so that huge counts lose no digits.
        """
        share = self.bad / (self.canary + self.primary)
        canary = log_chance(j, self.canary, share)
        return canary + log_chance(self.bad - j, self.primary, share) + j * log(odds)

    def _mode(self, odds: float) -> int:
        """Where the terms are greatest, give or take a rounding: the root of term(j) = term(j-1).

        Of the two forms of a quadratic's root, the one that stays exact as ψ goes to 1.
        """
        a = odds - 1.0
        b = self.bad - self.primary - (self.canary + self.bad + 2) * odds
        c = (self.canary + 1.0) * (self.bad + 1.0) * odds
        root = 2.0 * c / (sqrt(b * b - 4.0 * a * c) - b)
        return min(self.most, max(self.least, int(root)))

    def _rising(self, mode: int, odds: float) -> float:
        """The terms above the mode, as multiples of it."""
        term, total, spare = 1.0, 0.0, self.primary - self.bad
        for j in range(mode, self.most):
            term *= (self.canary - j) * (self.bad - j) / ((j + 1) * (spare + j + 1)) * odds
            total += term
            if term < NEGLIGIBLE * total:
                break
        return total

    def _falling(self, mode: int, odds: float) -> float:
        """The terms below the mode, as multiples of it."""
        term, total, spare = 1.0, 0.0, self.primary - self.bad
        for j in range(mode, self.least, -1):
            term *= j * (spare + j) / ((self.canary - j + 1) * (self.bad - j + 1)) / odds
            total += term
            if term < NEGLIGIBLE * total:
                break
        return total
