"""One app of a trial, as its users and the API server tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from canary.core.record import Phase, Record
from tests.chaos.states import State
from tests.e2e.probes import Probe
from tests.e2e.weights import Change, Weights

# The record, which is on the plain list, and the members of the shielded list.
Wanted = Callable[[Record, Mapping[str, int]], bool]


@dataclass(frozen=True, slots=True)
class Followed:
    """One app's users and weights."""

    state: State
    users: Probe
    weights: Weights

    @property
    def record(self) -> Record:
        """The last one."""
        return self.weights.records()[-1]

    def restored_at(self) -> float | None:
        """Since when both lists give all traffic to the old version, unix s; None: not now."""
        return since(self._changes(), is_restored)

    def ended_at(self) -> float | None:
        """Since when the run is marked as failed, unix s; None: it is not."""
        return since(self._changes(), has_ended)

    def _changes(self) -> list[Change]:
        return [*self.weights.changes(), *self.weights.changes(self.state.shielded)]


def since(changes: Iterable[Change], wanted: Wanted) -> float | None:
    """Since when it has been so without a break, by all changes of both lists (unix s)."""
    found, record, shielded = None, None, {}
    for change in sorted(changes, key=lambda change: change.at):
        if change.record is None:
            shielded = change.members
        else:
            record = change.record
        if record is None or not wanted(record, shielded):
            found = None
        elif found is None:
            found = change.at
    return found


def is_restored(record: Record, shielded: Mapping[str, int]) -> bool:
    """Whether nobody reaches another version than the primary, by rule, copy or weight."""
    shown = record.weight_percent or record.mirror_percent or record.exposed
    back = record.phase in {Phase.FAILED, Phase.ROLLING_BACK} and not shown
    return back and shielded == {record.primary: 100}


def has_ended(record: Record, _: Mapping[str, int]) -> bool:
    """Whether the run is marked as failed."""
    return record.phase is Phase.FAILED
