"""How surprising a count is: the exact binomial tail, without tables or approximations by a normal.

Counts of requests are large and bounds are small, so nothing here may lose digits for a billion
requests: the probability of one outcome follows Loader's saddle-point form, and the tail is summed
away from the mode, where terms only fall; that takes O(sqrt(n)) terms.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p, pi

NEGLIGIBLE = 1e-17  # a term this much smaller than the sum no longer changes it


def upper_tail(k: int, n: int, p: float) -> float:
    """The probability of `k` or more hits in `n` independent tries that each hit with chance `p`.

    Falls as `k` rises, rises with `n` and `p`. Exact to about 1e-11 for `n` up to 1e9.
    """
    if k <= 0:
        return 1.0
    if k > n or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return 1.0
    if k > n * p:
        return _falling_sum(k, n, p)
    # The mirror image: k - 1 hits or fewer are n - k + 1 misses or more.
    return 1.0 - _falling_sum(n - k + 1, n, 1.0 - p)


def _falling_sum(k: int, n: int, p: float) -> float:
    """The sum over `k` … `n` where `k` is above the mean, so that every term is below the last."""
    term, total, odds = exp(log_chance(k, n, p)), 0.0, p / (1.0 - p)
    while term > total * NEGLIGIBLE:  # at k = n the next term is 0
        total += term
        term *= (n - k) / (k + 1) * odds
        k += 1
    return min(total, 1.0)


def log_chance(k: int, n: int, p: float) -> float:
    """The logarithm of the chance of exactly `k` hits; 0 <= k <= n and 0 < p < 1."""
    if k == n:
        return n * log(p)
    if k == 0:
        return n * log1p(-p)
    misses = n - k
    return (
        _stirling_error(n)
        - _stirling_error(k)
        - _stirling_error(misses)
        - _deviance(k, n * p)
        - _deviance(misses, n * (1.0 - p))
        + 0.5 * log(n / (2.0 * pi * k * misses))
    )


def _stirling_error(n: int) -> float:
    """What Stirling's formula misses of log n!; the difference of two huge numbers for large n."""
    if n < 16:
        return lgamma(n + 1.0) - (n + 0.5) * log(n) + n - 0.5 * log(2.0 * pi)
    square = float(n) * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / square) / square) / square) / n


def _deviance(x: int, mean: float) -> float:
    """x·log(x/mean) + mean − x, without cancellation when x is near its mean."""
    excess = x - mean
    return x * log1p(excess / mean) - excess
