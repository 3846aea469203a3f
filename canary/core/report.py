"""The report: what a run did, with numbers, for CI and for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from canary.core.share import share_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One bake: its weight, how long it lasted, what was counted and what was concluded.

    `mirror_percent`: it was one of copies, of so many requests. `iteration`: it was that one, of
    requests which a rule picks; 0 for none. `primary_requests` are those of what the canary was
    compared with, which `beside` names.
    """

    weight_percent: int
    seconds: float
    canary_requests: int
    primary_requests: int
    verdicts: tuple[str, ...]
    mirror_percent: int = 0
    iteration: int = 0
    beside: str = "primary"

    @property
    def share(self) -> str:
        """What the canary was sent."""
        share = share_text(self.weight_percent, self.mirror_percent)
        return f"iteration {self.iteration}" if self.iteration else share

    @property
    def other(self) -> str:
        """How many requests there were of what the canary was compared with."""
        named = "" if self.beside == "primary" else f" ({self.beside})"
        return f"{self.primary_requests}{named}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run from its first to its last decision.

    `outcome` is "promoted", "rejected" or "interrupted"; `reason` one line. Times are unix seconds,
    durations seconds. `restore_s` is how long it took until all traffic was live on the primary.
    """

    app: str
    namespace: str
    run: str
    outcome: str
    reason: str
    from_version: str
    to_version: str
    from_image: str
    to_image: str
    started_at: float
    seconds: float
    restore_s: float | None = None
    failed_checks: int = 0
    shielded_requests: int = 0
    steps: tuple[Step, ...] = ()

    def to_json(self) -> str:
        """One line of JSON, camel-free: the field names of this class."""
        return json.dumps(asdict(self), sort_keys=True)

    def to_markdown(self) -> str:
        """A summary for a CI job's page."""
        head = [
            f"## {self.app}: {self.outcome}",
            "",
            f"`{self.from_image}` → `{self.to_image}` in {self.seconds:.1f} s. {self.reason}",
            *self._shielded(),
        ]
        if not self.steps:
            return "\n".join([*head, ""])
        rows = [
            f"| {s.share} | {s.seconds:.1f} s | {s.canary_requests} "
            f"| {s.other} | {'; '.join(s.verdicts)} |"
            for s in self.steps
        ]
        table = ["| weight | bake | canary | primary | verdict |", "|---|---|---|---|---|", *rows]
        return "\n".join([*head, "", *table, ""])

    def _shielded(self) -> tuple[str, ...]:
        """How many users would have met a failure."""
        if not self.shielded_requests:
            return ()
        answered = f"{self.shielded_requests} requests in the canary's place"
        return ("", f"The shield had the primary answer {answered}.")
