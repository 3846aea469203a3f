"""Who holds a run: the sign of life that its driver gives by renewing a Lease.

Nobody compares clocks: an observer waits one full expiry by its own clock for a sign to change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from canary.core.record import Record

LEASE_S = 10.0  # a run whose sign did not change for so long is nobody's
RENEW_S = 2.0
UNSEEN_S = 15.0  # a loop that did not look for three of its longest polls is not vouched for

LAPSED = (
    f"this driver could not renew its lease for {LEASE_S:g} s: "
    "it was paused, or the API server did not answer"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What a Lease says about one run.

    `beat` changes with every renewal that vouches for the run; "" when there is none. `holder` and
    `since` (RFC 3339, by the holder's clock) are for people.
    """

    beat: str = ""
    holder: str = ""
    since: str = ""


def renewed(before: Sign, now: Sign) -> bool:
    """Whether somebody vouched for the run between two reads."""
    return bool(now.beat) and now.beat != before.beat


def refusal(record: Record, sign: Sign) -> str:
    """The one line that a second driver ends with."""
    return (
        f"run {record.run} is under way: {sign.holder or 'another driver'} has held it since "
        f"{sign.since or 'an unknown time'} and is alive; nothing was touched"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouch:
    """How one run of this process stands with its Lease; seconds of the clock that runs in sleep.

    `looked_s` is when its loop looked last. `confirmed_s` is when the last renewal that vouched for
    it and was answered had been sent. `lapsed` stays until the run is taken up again.
    """

    looked_s: float
    confirmed_s: float
    lapsed: bool = False

    def at(self, now_s: float) -> Vouch:
        """The same, now: lapsed once others may take it for dead."""
        return replace(self, lapsed=self.lapsed or now_s - self.confirmed_s >= LEASE_S)

    def deserved(self, now_s: float) -> bool:
        """Whether a renewal now may vouch for the run."""
        return not self.at(now_s).lapsed and now_s - self.looked_s <= UNSEEN_S
