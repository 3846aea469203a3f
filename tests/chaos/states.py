"""Several apps in one update, each of them held in another state of its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
# Nobody asks the preview host here, so that there is nothing to be judged.
_UNMET: dict[str, Any] = {
    "stepWeights": None,
    "iterations": 1,
    "metrics": [],
    "evidence": {"enabled": False},
}
_SHUT = {
    "name": "sign-off",
    "type": "confirm-promotion",
    "url": "http://flagger-loadtester.canary-system/gate/halt",
}


@dataclass(frozen=True, slots=True)
class State:
    """An app by the state that its run stays in: what keeps it there, and how one sees that.

    `order` is what an operator says once the run is at 50 %, `always` what other runs have, too:
    an app's routes are made when a run is over. Where `retreats`, the run is on its way back, of
    which the half is held: the plain list is written, and nobody may write the shielded one.
    """

    name: str
    changes: Mapping[str, Any]
    reached: Callable[[Record], bool]
    order: str = ""
    always: Mapping[str, Any] = field(default_factory=dict)
    retreats: bool = False

    @property
    def app(self) -> str:
        """The app's name."""
        return self.name.lower()

    @property
    def shielded(self) -> str:
        """The name of the list for requests that are safe to repeat."""
        return f"{self.app}-shielded"

    def host(self, world: World) -> str:
        """Where its users are."""
        return f"{self.app}.{world.namespace}.test"

    def settings(self, world: World, tag: str, changes: Mapping[str, Any]) -> Config:
        """The test app of this tag, with the short analysis and these changes."""
        own = echo_app(tag, world.namespace, self.host(world))
        return merged(merged(merged(own, _SHORT), self.always), changes)


def _in(phase: Phase) -> Callable[[Record], bool]:
    return lambda record: record.phase is phase


def _at_half(record: Record) -> bool:
    return record.weight_percent == 50


PHASES = (
    State(
        "Preparing",
        {"probes": {"readiness": {"initialDelaySeconds": 150}}, "progressDeadlineSeconds": 300},
        _in(Phase.PREPARING),
    ),
    State("Progressing", {"analysis": {"interval": _LONG}}, _at_half),
    State(
        "Promoting",
        {
            "analysis": {"interval": "20s", "stepWeights": [50], "stepWeightPromotion": 50},
            "soak": _LONG,  # whoever strikes a moment late must not find it promoted
        },
        _in(Phase.PROMOTING),
    ),
    State("Soaking", {"soak": _LONG}, _in(Phase.SOAKING)),
)
OTHERS = (
    State(
        "Mirrored",
        {"safeToRepeat": True, "analysis": {"interval": _LONG, "mirror": True}},
        lambda record: record.mirror_percent > 0,
    ),
    State(
        "Exposed",
        {"analysis": {"interval": _LONG}},
        lambda record: record.exposed and record.phase is Phase.PROGRESSING,
        always={"analysis": _UNMET},
    ),
    State("Gated", {"analysis": {"webhooks": [_SHUT]}}, _at_half),
    State(
        "Suspended",
        {"analysis": {"interval": "20s"}},
        lambda record: bool(record.held),
        order="suspend",
    ),
)
# Aborted by an operator: a canary that had failed would have cost users requests of its own.
ROLLING_BACK = State(
    "RollingBack",
    {"analysis": {"interval": _LONG}},
    _in(Phase.ROLLING_BACK),
    order="abort",
    retreats=True,
)
ALL = (*PHASES, *OTHERS, ROLLING_BACK)


def write(
    world: World,
    states: Sequence[State],
    tag: str,
    changes: Callable[[State], Mapping[str, Any]],
) -> None:
    """Configure all of these states' apps with this tag."""
    world.write_apps({state.app: state.settings(world, tag, changes(state)) for state in states})


def parked(state: State) -> Mapping[str, Any]:
    """What makes the app's next run stay in its state."""
    return state.changes


def brief(_: State) -> Mapping[str, Any]:
    """What makes it end soon."""
    return {}
