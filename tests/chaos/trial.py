"""One blow: runs in different states, a process struck, and what became of traffic and users."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from canary.adapters.routes.lists import ORDER
from canary.core.record import Phase
from tests.chaos.followed import Followed
from tests.chaos.hold import Hold
from tests.chaos.states import PHASES, State, brief, parked, write
from tests.chaos.victims import Blow, Victim, find, strike
from tests.e2e.project import Result, Running
from tests.e2e.waiting import await_
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
    `pulumi up` said about the app. `apps` is how many were released together, each of them in
    another state.
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
    apps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """How one app's run ended; seconds as in Cell."""

    restored_s: float | None
    ended_s: float | None
    reason: str


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
    with _following(world, states) as apps, Hold(world.bed, world.namespace) as hold:
        write(world, states, "2", parked)
        running = world.project.start_up()
        _park(world, apps, hold)
        origin_s, marks = _struck(world, victim, blow, pause_s, apps, hold)
        harmless = (victim, blow) in HARMLESS
        ends = [_outcome(app, origin_s, harmless=harmless) for app in apps]
        _ended(world, running, victim, blow)
        assert marks in ({}, world.marks(sized="deployments")), "a driver wrote when it woke up"
        after = _released(world, states)
    common: dict[str, Any] = {"victim": victim, "blow": blow, "apps": len(apps)}
    return [Cell(**common, **_own(app, end, after)) for app, end in zip(apps, ends, strict=True)]


def _own(app: Followed, end: _End, after: Result) -> dict[str, Any]:
    """The fields of a Cell that are one app's."""
    answers = app.users.answers()
    return {
        **asdict(end),
        "state": app.state.name,
        "requests": len(answers),
        "failed": len(answers.failed()),
        "repaired": _repair_of(app.state, after),
    }


@contextmanager
def _following(world: World, states: Sequence[State]) -> Iterator[list[Followed]]:
    rate = RATE / len(states)
    with ExitStack() as stack:
        yield [
            Followed(
                state,
                stack.enter_context(
                    world.probe(rate=rate, methods=("GET", "POST"), host=state.host(world))
                ),
                stack.enter_context(world.weights(state.app)),
            )
            for state in states
        ]


def _park(world: World, apps: Sequence[Followed], hold: Hold) -> None:
    """Return once every run is in the state that it stays in; who retreats does not for ever."""
    for retreats in (False, True):
        chosen = [app for app in apps if app.state.retreats is retreats]
        for app in chosen:
            if app.state.order:
                _order(world, app, hold)
        for app in chosen:
            app.weights.await_record(app.state.reached, PARKED_WITHIN_S)


def _order(world: World, app: Followed, hold: Hold) -> None:
    """Tell the run what its operator wants, once it is at 50 %."""
    app.weights.await_weight(50, PARKED_WITHIN_S)
    if app.state.retreats:
        hold.keep(app.state.shielded)
    order = ("traefikservice", app.state.app, f"{ORDER}={app.state.order}")
    world.bed.kubectl("-n", world.namespace, "annotate", *order)


def _struck(
    world: World,
    victim: Victim,
    blow: Blow,
    pause_s: float,
    apps: Sequence[Followed],
    hold: Hold,
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
    else:
        hold.release()
    if victim is Victim.API_SERVER and blow is Blow.KILL:
        world.bed.up()
        at = time.time()
    if blow is Blow.STOP and victim is not Victim.API_SERVER:
        _while_stopped(victim, pause_s, apps)
    if victim is Victim.PROVIDER and blow is Blow.STOP:
        marks = world.marks(sized="deployments")
    if blow is Blow.STOP:
        strike(pids, signal.SIGCONT)
    hold.release()
    return at, marks


def _while_stopped(victim: Victim, pause_s: float, apps: Sequence[Followed]) -> None:
    """Let a stopped process be stopped for a while; a driver's run must not wait for its return."""
    until = time.time() + pause_s
    if victim is Victim.PROVIDER:
        for app in apps:
            await_(app.restored_at, f"a restore of {app.state.app}", until - time.time())
    time.sleep(max(0.0, until - time.time()))


def _outcome(app: Followed, origin_s: float, *, harmless: bool) -> _End:
    """What became of the run: one on its way back goes on to its end, harmed or not."""
    return _alive(app) if harmless and not app.state.retreats else _end(app, origin_s)


def _end(app: Followed, origin_s: float) -> _End:
    """How the app's run ended, once its traffic is back.

    Traefik may hear late: it asks an API server that was gone only every half minute.
    """
    within_s = RESTORED_WITHIN_S + SLACK_S
    restored = await_(app.restored_at, f"a restore of {app.state.app}", within_s)
    ended = await_(app.ended_at, f"the end of {app.state.app}", HEARD_WITHIN_S)
    assert restored is not None
    assert ended is not None
    assert restored - origin_s <= within_s, (app.state.app, restored - origin_s)
    missed = app.state.retreats and restored <= origin_s
    assert not missed, f"{app.state.app} was back before anything was struck"
    return _End(
        restored_s=max(0.0, restored - origin_s),
        ended_s=max(0.0, ended - origin_s),
        reason=app.record.reason,
    )


def _alive(app: Followed) -> _End:
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
