"""The cases: good versions, bad versions, and worlds beyond what evidence can promise.

Good means: true rates at most half of what the checks allow (0.5 % of 1 %), at any moment, and the
same for both versions.
"""

from __future__ import annotations

from tests.characteristics.truth import Case, Truth

RATES = (5.0, 20.0, 100.0, 1000.0)
_HALF = Truth(server=0.005, client=0.02, slow=0.005)
_SOME = Truth(server=0.002, client=0.02, slow=0.002)

GOOD = tuple(
    case
    for rate in RATES
    for case in (
        Case(name=f"steady, {rate:g}/s", rate_per_s=rate, primary=_HALF, canary=_HALF),
        Case(
            name=f"rates that swing, {rate:g}/s",
            rate_per_s=rate,
            primary=_HALF,
            canary=_HALF,
            swing=0.9,
        ),
        Case(
            name=f"bursts that both share, {rate:g}/s",
            rate_per_s=rate,
            primary=_SOME,
            canary=_SOME,
            burst=1.0,
        ),
    )
)

_CLEAN = Truth(server=0.0, client=0.0, slow=0.0)

BAD = (
    Case(
        name="podinfo --random-error: 11 % 5xx, 22 % 4xx; its primary never fails",
        primary=_CLEAN,
        canary=Truth(server=0.11, client=0.22, slow=0.0),
    ),
    *(
        Case(name=name, primary=Truth(server=0.0, client=0.01, slow=0.001), canary=canary)
        for name, canary in (
            ("1 % 5xx", Truth(server=0.01, client=0.01, slow=0.001)),
            ("5 % 5xx", Truth(server=0.05, client=0.01, slow=0.001)),
            ("11 % 5xx", Truth(server=0.11, client=0.01, slow=0.001)),
            ("33 % 5xx", Truth(server=0.33, client=0.01, slow=0.001)),
            ("all 5xx", Truth(server=1.0, client=0.0, slow=0.001)),
            ("all 404", Truth(server=0.0, client=1.0, slow=0.001)),
            ("5 % slow", Truth(server=0.0, client=0.01, slow=0.05)),
            ("33 % slow", Truth(server=0.0, client=0.01, slow=0.33)),
            ("all slow", Truth(server=0.0, client=0.01, slow=1.0)),
        )
    ),
)

UNSHARED = tuple(
    Case(
        name=f"bursts of each version's own, {variation:g} times the mean, {rate:g}/s",
        rate_per_s=rate,
        primary=_SOME,
        canary=_SOME,
        own_burst=variation,
    )
    for rate in (20.0, 1000.0)
    for variation in (0.3, 1.0, 2.0)
)
