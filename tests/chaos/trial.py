"""One blow: runs in different states, a process struck, and what became of traffic and users."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from canary.adapters.routes.lists import ORDER
from canary.core.record import Phase, Record
from tests.chaos.states import PHASES, State, brief, parked, write
from tests.chaos.victims import Blow, Victim, find, strike
from tests.e2e.probes import Probe
from tests.e2e.project import Result, Running
from tests.e2e.waiting import await_
from tests.e2e.weights import Weights
from tests.e2e.world import World

RATE = 50.0  # requests/s of all apps' users together
PAUSE_S = 30.0  # how long a stopped process is stopped, and a killed API server gone
ASLEEP_S = 60.0  # a driver in `make chaos`
PARKED_WITHIN_S = 120.0
HEARD_WITHIN_S = 60.0
RESTORED_WITHIN_S = 15.0
SLACK_S = 5.0  # this machine's, beyond what is promised

# Beside a run that their absence does not touch; all others end the run.
HARMLESS = {
    (Victim.CLI, Blow.STOP),
    (Victim.HOST, Blow.STOP),
    (Victim.PROGRAM, Blow.STOP),
    (Victim.GUARD, Blow.KILL),
    (Victim.GUARD, Blow.STOP),
    (Victim.PROMETHEUS, Blow.KILL),
    (Victim.PROMETHEUS, Blow.STOP),
    (Victim.TRAEFIK, Blow.KILL),
    (Victim.TRAEFIK, Blow.STOP),
}
OVERSEEN = {Victim.API_SERVER, Victim.PROMETHEUS, Victim.TRAEFIK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one app came to.

    `restored_s` counts from the death, or from the API server's return, until the lists give
    everything to the old version; None when the run lived on. `ended_s` is the same until every
    replica of Traefik routed that and the run was marked as failed. `repaired` is what the next
    `pulumi up` said about the app.
    """

    victim: str
    blow: str
    state: str
    restored_s: float | None
    ended_s: float | None
    reason: str
    requests: int
    failed: int
    repaired: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """How one app's run ended; seconds as in Cell."""

    restored_s: float | None
    ended_s: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Followed:
    """One app's users and weights."""

    state: State
    users: Probe
    weights: Weights

    @property
    def record(self) -> Record:
        return self.weights.records()[-1]


def carry_out(
    world: World,
    victim: Victim,
    blow: Blow,
    *,
    states: Sequence[State] = PHASES,
    pause_s: float = PAUSE_S,
) -> list[Cell]:
    """Strike once, in these states at the same time; what is stopped is stopped for `pause_s`.

    Raises:
        AssertionError: traffic did not come back in time, or the next `pulumi up` failed.
    """
    world.shared["guard"] = {"install": True}
    write(world, states, "1", brief)
    world.project.up()
    with _following(world, states) as apps:
        write(world, states, "2", parked)
        running = world.project.start_up()
        _park(world, apps)
        origin_s, marks = _struck(world, victim, blow, pause_s, states)
        lives_on = (victim, blow) in HARMLESS
        ends = [_alive(app) if lives_on else _end(app, origin_s, pause_s) for app in apps]
        _ended(world, running, victim, blow)
        assert marks in ({}, world.marks(sized="deployments")), "a driver wrote when it woke up"
        after = _released(world, states)
    return [
        Cell(
            victim=victim,
            blow=blow,
            state=app.state.name,
            restored_s=end.restored_s,
            ended_s=end.ended_s,
            reason=end.reason,
            requests=len(app.users.answers()),
            failed=len(app.users.answers().failed()),
            repaired=_repair_of(app.state, after),
        )
        for app, end in zip(apps, ends, strict=True)
    ]


@contextmanager
def _following(world: World, states: Sequence[State]) -> Iterator[list[_Followed]]:
    rate = RATE / len(states)
    with ExitStack() as stack:
        yield [
            _Followed(
                state,
                stack.enter_context(
                    world.probe(rate=rate, methods=("GET", "POST"), host=state.host(world))
                ),
                stack.enter_context(world.weights(state.app)),
            )
            for state in states
        ]


def _park(world: World, apps: Sequence[_Followed]) -> None:
    """Return once every run is in the state that it stays in."""
    for app in apps:
        if app.state.order:
            app.weights.await_weight(50, PARKED_WITHIN_S)
            order = ("traefikservice", app.state.app, f"{ORDER}={app.state.order}")
            world.bed.kubectl("-n", world.namespace, "annotate", *order)
    for app in apps:
        app.weights.await_record(app.state.reached, PARKED_WITHIN_S)


def _struck(
    world: World, victim: Victim, blow: Blow, pause_s: float, states: Sequence[State]
) -> tuple[float, dict[str, Any]]:
    """When the API server was there and the driver was not, from which on 15 s count (unix s).

    Of a driver that was stopped also what there was before it woke up: the guard restored.
    """
    pids = find(world, victim)
    marks: dict[str, Any] = {}
    at = time.time()
    strike(pids, signal.SIGKILL if blow is Blow.KILL else signal.SIGSTOP)
    if victim is Victim.API_SERVER:
        time.sleep(pause_s)  # the outage itself
        at = time.time()
    if victim is Victim.API_SERVER and blow is Blow.KILL:
        world.bed.up()
        at = time.time()
    if blow is Blow.STOP and victim is not Victim.API_SERVER:
        _while_stopped(world, victim, pause_s, states)
    if victim is Victim.PROVIDER and blow is Blow.STOP:
        marks = world.marks(sized="deployments")
    if blow is Blow.STOP:
        strike(pids, signal.SIGCONT)
    return at, marks


def _while_stopped(world: World, victim: Victim, pause_s: float, states: Sequence[State]) -> None:
    """Let a stopped process be stopped for a while; a driver's run must not wait for its return."""
    until = time.time() + pause_s
    if victim is Victim.PROVIDER:
        for state in states:
            within_s = until - time.time()
            _await_restore(world, state, within_s)
    time.sleep(max(0.0, until - time.time()))


def _await_restore(world: World, state: State, within_s: float) -> None:
    await_(lambda: _is_restored(world.record(state.app)), f"a restore of {state.app}", within_s)


def _end(app: _Followed, origin_s: float, pause_s: float) -> _End:
    """How the app's run ended, once its traffic is back.

    Traefik may hear late: it asks an API server that was gone only every half minute.
    """
    within_s = RESTORED_WITHIN_S + SLACK_S
    await_(lambda: _is_restored(app.record), f"a restore of {app.state.app}", within_s)
    await_(lambda: _has_ended(app.record), f"the end of {app.state.app}", HEARD_WITHIN_S)
    restored_s = _since(app, origin_s, _is_restored, pause_s)
    assert restored_s <= within_s, (app.state.app, restored_s)
    return _End(
        restored_s=restored_s,
        ended_s=_since(app, origin_s, _has_ended, pause_s),
        reason=app.record.reason,
    )


def _since(
    app: _Followed, origin_s: float, wanted: Callable[[Record], bool], pause_s: float
) -> float:
    """How long after the death the record first was so, in seconds."""
    changes = (change for change in app.weights.changes() if change.at > origin_s - pause_s)
    first = next(change.at for change in changes if change.record and wanted(change.record))
    return max(0.0, first - origin_s)


def _is_restored(record: Record) -> bool:
    shown = record.weight_percent or record.mirror_percent or record.exposed
    return record.phase in {Phase.FAILED, Phase.ROLLING_BACK} and not shown


def _has_ended(record: Record) -> bool:
    return record.phase is Phase.FAILED


def _alive(app: _Followed) -> _End:
    """A run that was not struck must still be there, or have been promoted meanwhile."""
    assert app.record.phase is not Phase.FAILED, (app.state.app, app.record.reason)
    return _End(restored_s=None, ended_s=None, reason="")


def _ended(world: World, running: Running, victim: Victim, blow: Blow) -> None:
    """The first `pulumi up` is over: by itself, or by Ctrl-C where it was not harmed."""
    if victim is Victim.CLI and blow is Blow.KILL:
        running.finish()
        await_(lambda: not _providers(world), "the orphaned provider's end", PARKED_WITHIN_S)
        world.project.run("cancel", "--yes")
        return
    if (victim, blow) in HARMLESS:
        running.interrupt()
    result = running.finish()
    assert "Traceback" not in result.text, result.text


def _providers(world: World) -> list[int]:
    try:
        return find(world, Victim.PROVIDER)
    except AssertionError:
        return []


def _released(world: World, states: Sequence[State]) -> Result:
    """The next `pulumi up`: after it every app has all traffic on the one version that is left."""
    write(world, states, "3", brief)
    result = world.project.up()
    for state in states:
        record = world.record(state.app)
        assert record.phase is Phase.SUCCEEDED, (state.app, record)
        assert record.images[record.primary].endswith(":3"), record
        assert world.apex_version(state.app) == record.primary
        assert world.members(state.app)[state.app] == {f"{state.app}-{record.primary}": 100}
    return result


def _repair_of(state: State, after: Result) -> str:
    """What the update said about this app's repair."""
    rows = [line for line in after.lines("repaired: ") if f" {state.app} " in line]
    return rows[0].partition("repaired: ")[2] if rows else ""
