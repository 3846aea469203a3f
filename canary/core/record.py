"""The record: a run's state in the cluster, from which the traffic weights follow.

It is the JSON value of one annotation of the app's TraefikService. The canary's weight is the only
number about traffic that is stored; the primary's is the rest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Any

from canary.core.share import baseline_share

SCHEMA = 1
BASELINE = "baseline"  # stands where a version does: no version is called so


class Phase(StrEnum):
    """Where a run is in its life."""

    PREPARING = "Preparing"
    PROGRESSING = "Progressing"
    PROMOTING = "Promoting"
    SOAKING = "Soaking"
    ROLLING_BACK = "RollingBack"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


TERMINAL = frozenset({Phase.SUCCEEDED, Phase.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What an app's traffic is and why.

    `primary` and `canary` are versions (10 hex digits); `canary` is "" when no run is under way.
    `weight_percent` is the canary's share, 0..100. It gets copies of `mirror_percent` of the
    primary's requests. `moved_at` is the writer's wall clock (unix seconds) of the last change
    of weights. `images` names each version for people. `former` are the
    versions that were primary before, with the wall clock (unix seconds) at which they stopped.
    `baseline`: the run made a fresh copy of the primary, which is there until this is false again.
    `reserved`: the run keeps the autoscaler of what was primary from making it smaller, likewise.
    `held` says who suspended the run; `obeyed` is the order that was obeyed last.
    `lease` names the Lease that vouches for the run, "namespace/name", "" for none.
    """

    owner: str
    run: str = ""
    phase: Phase = Phase.SUCCEEDED
    primary: str = ""
    canary: str = ""
    weight_percent: int = 0
    mirror_percent: int = 0
    exposed: bool = False
    baseline: bool = False
    reserved: bool = False
    moved_at: float = 0.0
    reason: str = ""
    images: dict[str, str] = field(default_factory=dict)
    former: dict[str, float] = field(default_factory=dict)
    held: str = ""
    obeyed: str = ""
    lease: str = ""

    @property
    def members(self) -> tuple[tuple[str, int], ...]:
        """(version, weight) of every version that has traffic, the primary first."""
        canary, baseline = self.weight_percent, self.baseline_percent
        rest = 100 - canary - baseline
        shares = ((self.primary, rest), (self.canary, canary), (BASELINE, baseline))
        return tuple((version, weight) for version, weight in shares if version and weight)

    @property
    def baseline_percent(self) -> int:
        """The baseline's share, 0..50."""
        return baseline_share(self.weight_percent) if self.baseline and self.primary else 0

    @property
    def picked(self) -> str:
        """The version that requests reach which a rule picks: the canary while it has any."""
        return (
            self.canary if self.canary and (self.exposed or self.weight_percent) else self.primary
        )

    @property
    def chosen(self) -> bool:
        """Whether the canary has requests that a rule picks, and is judged by them."""
        return self.exposed and self.phase is not Phase.PREPARING

    @property
    def unfinished(self) -> bool:
        """Whether a run was begun and neither promoted nor rolled back."""
        return self.phase not in TERMINAL

    def to_json(self) -> str:
        """One line, stable key order."""
        value = {
            "schema": SCHEMA,
            "owner": self.owner,
            "run": self.run,
            "phase": self.phase.value,
            "primary": self.primary,
            "canary": self.canary,
            "weight": self.weight_percent,
            "mirrored": self.mirror_percent,
            "exposed": self.exposed,
            "baseline": self.baseline,
            "reserved": self.reserved,
            "movedAt": round(self.moved_at, 3),
            "reason": self.reason,
            "images": self.images,
            "former": self.former,
            "held": self.held,
            "obeyed": self.obeyed,
            "lease": self.lease,
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Read a record; unknown fields are ignored so that an older program reads a newer one.

        Raises:
            ValueError: the text is not a record.
        """
        try:
            return cls._of(json.loads(text))
        except (OverflowError, RecursionError) as error:
            raise ValueError("a record has no number or depth without end") from error

    @classmethod
    def _of(cls, raw: Any) -> Record:
        if not isinstance(raw, dict):
            raise TypeError("a record is a JSON object")
        return cls(
            owner=str(raw["owner"]),
            run=str(raw.get("run", "")),
            phase=Phase(raw["phase"]),
            primary=str(raw.get("primary", "")),
            canary=str(raw.get("canary", "")),
            weight_percent=_percent(raw.get("weight", 0)),
            mirror_percent=_percent(raw.get("mirrored", 0)),
            exposed=raw.get("exposed") is True,
            baseline=raw.get("baseline") is True,
            reserved=raw.get("reserved") is True,
            moved_at=_seconds(raw.get("movedAt", 0.0)),
            reason=str(raw.get("reason", "")),
            images={str(k): str(v) for k, v in dict(raw.get("images", {})).items()},
            held=str(raw.get("held", "")),
            obeyed=str(raw.get("obeyed", "")),
            former={str(k): _seconds(v) for k, v in dict(raw.get("former", {})).items()},
            lease=str(raw.get("lease", "")),
        )


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not isfinite(seconds):
        raise ValueError(f"a moment is a finite number, not {seconds}")
    return seconds


def _percent(value: Any) -> int:
    percent = int(value)
    if not 0 <= percent <= 100:
        raise ValueError(f"a weight is 0..100, not {percent}")
    return percent
