"""Four apps in one update, each of them held in another state of its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from canary.core.record import Phase, Record
from tests.e2e.settings import Config, echo_app, merged
from tests.e2e.world import World

_LONG = "3m"
_SHORT: dict[str, Any] = {
    "replicas": 1,
    "analysis": {"interval": "2s", "stepWeights": [50]},
    "soak": "2s",
    "drain": "1s",
}


@dataclass(frozen=True, slots=True)
class State:
    """An app by the phase that its run stays in, and what keeps it there."""

    phase: Phase
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def app(self) -> str:
        """The app's name."""
        return self.phase.value.lower()

    def reached(self, record: Record) -> bool:
        """Whether the run is there; Preparing begins before the first weight."""
        return record.phase is self.phase

    def host(self, world: World) -> str:
        """Where its users are."""
        return f"{self.app}.{world.namespace}.test"

    def settings(self, world: World, tag: str, changes: Mapping[str, Any]) -> Config:
        """The test app of this tag, with the short analysis and these changes."""
        own = echo_app(tag, world.namespace, self.host(world))
        return merged(merged(own, _SHORT), changes)


STATES = (
    State(
        Phase.PREPARING,
        {"probes": {"readiness": {"initialDelaySeconds": 150}}, "progressDeadlineSeconds": 300},
    ),
    State(Phase.PROGRESSING, {"analysis": {"interval": _LONG}}),
    State(
        Phase.PROMOTING,
        {"analysis": {"interval": "20s", "stepWeights": [50], "stepWeightPromotion": 50}},
    ),
    State(Phase.SOAKING, {"soak": _LONG}),
)


def write(world: World, tag: str, changes: Callable[[State], Mapping[str, Any]]) -> None:
    """Configure all four apps with this tag."""
    world.write_apps({state.app: state.settings(world, tag, changes(state)) for state in STATES})


def parked(state: State) -> Mapping[str, Any]:
    """What makes the app's next run stay in its state."""
    return state.changes


def brief(_: State) -> Mapping[str, Any]:
    """What makes it end soon."""
    return {}
