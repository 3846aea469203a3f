"""Whether somebody carries out a run of an app right now, from another machine or beside us.

As long as there is time a sign of life is waited for. Without one nothing is concluded here: the
next update watches for a full expiry before it takes a run for dead.
"""

from __future__ import annotations

from dataclasses import dataclass

from canary.adapters.process.lease import LeaseHolders
from canary.core.holding import RENEW_S, refusal, renewed
from canary.core.record import Record
from canary.ports import Clock
from canary.preflight.findings import Reader

LOOK_S = 0.25
LONGEST_S = 2 * RENEW_S  # in which a driver that is alive has renewed


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Until when a sign of life may be waited for, by this clock."""

    clock: Clock
    until_s: float


def holding(record: Record, cluster: Reader, patience: Patience) -> str:
    """Who carries out the record's run and since when, "" when nobody is seen to.

    Raises:
        ClusterError: the API server did not answer or refused.
    """
    if not (record.unfinished and record.lease):
        return ""
    holders, clock = LeaseHolders(cluster), patience.clock
    first = sign = holders.sign(record.lease, record.run)
    until_s = min(patience.until_s, clock.now_s() + LONGEST_S)
    while sign.beat and not renewed(first, sign) and clock.now_s() < until_s:
        clock.wait(LOOK_S)
        sign = holders.sign(record.lease, record.run)
    return refusal(record, sign) if renewed(first, sign) else ""
