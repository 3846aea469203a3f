"""What every run must keep, however it goes."""

from __future__ import annotations

from canary.core.plan import CheckName
from canary.core.record import BASELINE, Phase
from canary.core.retreat import KEPT
from canary.engine.repair import UNROUTED, damage_of
from canary.errors import Interrupted, NotRestored, Rejected
from tests.engine.world import NEW, OLD
from tests.fakes.guard import FAILED_TTL_S
from tests.fakes.router import FakeRouter, beside
from tests.simulation.scenario import Happening
from tests.simulation.story import Story, again

PRIMARY_AWAY = (Happening.PRIMARY_DIES, Happening.PRIMARY_BLINKS, Happening.NODE_DRAINED)
LIVE_S = 2.2  # how long the slowest replica takes, and the look that sees it
BLIND_S = 12.0  # who could not look for so long knows no better
SLACK_S = 60.0 + 30.0 + 60.0 + 30.0 + 10.0  # restore, confirmation, hooks, drain


def check_at_once(story: Story) -> None:
    """Where traffic is when the run has ended."""
    weights = story.world.traffic.plain
    if story.promoted and not story.meddled:
        assert weights == story.world.traffic.shielded == {NEW: 100}
        assert story.world.apex.selected == NEW
        assert story.record is not None
        assert story.record.phase is Phase.SUCCEEDED
        _check_baseline_gone(story)
        _check_primary_size(story)
    elif _restored(story) and not story.meddled:
        former = "" if story.scenario.first else OLD
        assert weights == story.world.traffic.shielded == ({former: 100} if former else {})
        # A first version that callers were led to just before the record could not be written any
        # more keeps them, and its pods: there is nowhere else to go.
        kept = {NEW} if story.scenario.first and NEW in story.world.fleet.up() else set()
        assert story.world.apex.selected in {former, *kept}, story.text
        zero = story.world.fleet.versions[NEW].replicas == 0 or story.world.apex.selected == NEW
        assert zero or "tidy" in _told(story) or _doubt(story)
        _check_baseline_gone(story)
        _check_primary_size(story)
    if not story.promoted and KEPT in story.text:
        up = story.world.fleet.up()
        assert story.scenario.has(*PRIMARY_AWAY), story.text
        blind = story.world.clock.now_s() - story.world.refused_s <= BLIND_S
        assert NEW in up or OLD in up or story.crashed or story.scenario.faults.pause or blind


def _check_primary_size(story: Story) -> None:
    """No run makes the primary smaller, and its autoscaler may do so afterwards."""
    old = story.world.fleet.versions[OLD]
    if story.scenario.faults.visit_call == 0:
        assert OLD not in dict(story.world.fleet.scaled), "the primary was scaled"
    assert not old.kept or "smaller yet" in _told(story) or _doubt(story), "it was not given back"


def _check_baseline_gone(story: Story) -> None:
    left = BASELINE in story.world.fleet.versions
    assert not left or "tidy" in _told(story) or _doubt(story)
    assert not left or story.record is None or story.record.baseline, "nothing tells that it is"


def _restored(story: Story) -> bool:
    """A run that was turned down, or came to a bug, and has nothing to say against the restore."""
    if story.crashed and story.world.interference.dead:
        return False
    excuses = (KEPT, "restoring failed", "could not tidy up")
    return not any(excuse in story.text for excuse in excuses) and not story.promoted


def _doubt(story: Story) -> bool:
    return "not confirmed" in story.text or story.crashed or story.never_begun


def _told(story: Story) -> str:
    return "\n".join(story.world.journal.transcript)


def check_run(story: Story) -> None:
    """What the run did, and what it says."""
    _check_report(story)
    _check_judgement(story)
    _check_duration(story)
    tried = (
        story.scenario.faults.pause is None
    )  # else the time to try it again may have been slept away
    if tried and "restoring failed" in story.text and "took over" not in story.text:
        refused_ago_s = story.world.clock.now_s() - story.world.refused_s
        assert refused_ago_s <= 62.0, f"{story.text}: but the API server was there"
    if "restoring failed: nothing more is written" in story.text and "took over" not in story.text:
        refused_ago_s = story.world.clock.now_s() - story.world.refused_s
        assert refused_ago_s <= 62.0, f"{story.text}: but nobody else had taken over"


def _check_report(story: Story) -> None:
    if story.never_begun or (story.crashed and story.world.interference.dead):
        return
    if story.crashed and not story.reports:
        closed = story.record is None or not story.record.unfinished
        begun = _told(story) != ""  # else it came to grief as it claimed the app
        assert not begun or "finished" in story.text or closed or "tidy up" in _told(story)
        return
    (report,) = story.reports
    assert report.reason, "a report that does not say why"
    if story.turned_down:
        assert report.reason == str(story.error)
        stopped = report.outcome == "interrupted"
        assert stopped or report.outcome == "rejected"
        doubts = (KEPT, "restoring failed", "not confirmed by Traefik")
        unsure = any(doubt in report.reason for doubt in doubts)
        wanted = NotRestored if unsure else (Rejected, Interrupted)[stopped]
        assert type(story.error) is wanted, "whoever reads one word knows whether traffic is back"
        assert not stopped or story.scenario.has(Happening.INTERRUPTED) or story.lapsed
    if story.promoted:
        assert report.outcome == "promoted"


def _check_judgement(story: Story) -> None:
    scenario, plan = story.scenario, story.scenario.plan
    if scenario.quiet:
        assert story.promoted, story.text
    if not story.promoted or story.never_begun:
        return
    fixed_forward = scenario.has(*PRIMARY_AWAY) or scenario.asks("promote")
    if not scenario.direct and not fixed_forward:
        judged = list(dict.fromkeys(step.weight_percent for step in story.reports[0].steps))
        copies = [0] if plan.mirror_percent else []
        assert judged == list(dict.fromkeys([*copies, *plan.weights, 100]))
    excused = scenario.direct or plan.promote_inconclusive or fixed_forward
    healthy = scenario.primary.errors == 0
    if scenario.canary.errors == 1.0 and scenario.canary.since_s == 0.0 and healthy:
        assert excused, "a canary that only fails was promoted"
    assert any(check.name is CheckName.SUCCESS_RATE for check in plan.checks)


def _check_duration(story: Story) -> None:
    plan = story.scenario.plan
    if story.scenario.quiet:
        slowest_s = max(story.scenario.start_s, story.scenario.copy_start_s * plan.baseline)
        confirm_s = (len(plan.weights) + 2 + bool(plan.mirror_percent)) * LIVE_S
        asked = len(plan.hooks) + len(plan.gates) * (len(plan.weights) + 1)
        hooks_s = (1.2 + plan.poll_s) * asked
        ready_s = slowest_s + 1.0
        if plan.proportional:  # pods that start slower than a weight bakes are waited for
            late_s = slowest_s + story.scenario.grow_s + 2.0 - plan.interval_s
            ready_s += (len(plan.weights) + 1) * max(0.0, late_s)
        bakes_s = 0.0 if story.scenario.direct else plan.shortest_s
        least_s = bakes_s + ready_s + confirm_s + hooks_s + plan.drain_s
        assert bakes_s <= story.seconds <= 1.1 * least_s
    late_s = sum(story.scenario.faults.late_s.values()) + story.scenario.suspended_s
    assert story.seconds - story.world.visit_s <= plan.max_duration_s + SLACK_S + late_s


def check_guarded(story: Story) -> None:
    """Fifteen seconds after whatever happened, all traffic is where it can be served."""
    world = story.world
    if world.guard is None:
        return
    world.pending.clear()  # what would happen later is not this run's
    world.orders.clear()
    while world.down():
        world.clock.advance(1.0)
    world.outages = ()  # nor is the next one: the guard begins its expiry anew after each
    before = world.fleet.up()
    away_s = sum(seconds for _, seconds in story.scenario.guard_cuts)
    world.clock.advance_slowly(15.0 + away_s)  # less than one of its looks is nobody's
    record, up = world.traffic.record, world.fleet.up() & before
    if record is None or record.run == "r9" or not record.primary or record.primary not in up:
        return
    assert not record.unfinished, f"nobody ended {record.run}: {story.text}"
    edited = world.traffic.changed_by not in {"canary", "canary-guard"}
    if not edited:
        lists = (world.traffic.plain, world.traffic.shielded)
        assert all(set(weights) == {record.primary} for weights in lists), "traffic on the canary"
        assert world.traffic.copies_to == "", "the canary still gets what a rule picks, or copies"
        assert beside(record) == "", "the record still gives it what a rule picks, or copies"
        routed = {
            *world.traffic.live()[0],
            *world.traffic.live()[1],
            world.traffic.routed_copies_to,
        }
        assert routed - {""} == {record.primary} or world.traffic.frozen, f"{routed} are routed to"
        assert world.apex.selected == record.primary, "the apex leads elsewhere"
    theirs = world.traffic.changed_by == "canary-guard"
    if theirs and world.guard.restores and record == world.guard.restores[-1]:
        world.traffic.frozen = False
        world.clock.advance_slowly(15.0)
        assert BASELINE not in world.fleet.versions, "the guard left the baseline"
    _check_stopped(story)


def _check_stopped(story: Story) -> None:
    """A version that failed has no pods once its time is up, whoever should have stopped them."""
    world = story.world
    record = world.traffic.record
    failed = record is not None and record.phase is Phase.FAILED and record.canary
    if not record or not failed or record.canary == record.primary:
        return
    world.traffic.frozen = False
    world.clock.advance_slowly(FAILED_TTL_S + 15.0)
    traffic = world.traffic
    led_to = {*traffic.plain, *traffic.shielded, traffic.copies_to, world.apex.selected}
    if traffic.record == record and record.canary not in led_to:
        assert not world.fleet.versions[record.canary].replicas, "pods of a failed version are left"


def _check_routed_again(story: Story) -> None:
    """The route was deleted: the next update gives it back to whom the apex names."""
    world, serving = story.world, story.world.apex.selected
    if serving not in world.fleet.up():
        return
    text = again(story, serving)
    route = FakeRouter(world.traffic).route()
    assert route is not None, text
    assert route.record.primary == serving == world.apex.selected, text
    assert damage_of(route, serving) == "", text
    assert f"repaired: {UNROUTED}; all traffic is back on " in _told(story), text


def check_afterwards(story: Story) -> None:
    """In a world that works again, the next update puts right whatever is left."""
    world = story.world
    world.heal()
    serving = NEW if story.promoted or story.scenario.first else OLD
    record = world.traffic.record
    if story.scenario.back_after_s is not None and record is not None:
        serving = record.primary or serving
    meddled = story.meddled
    only = world.fleet.up()
    if world.traffic.record is None:
        _check_routed_again(story)
        return
    known = world.traffic.record.baseline or world.traffic.record.unfinished
    text = again(story, serving)
    assert "in the engine" not in text, text
    if text.startswith("ConflictError"):  # the guard was there first
        world.clock.advance_slowly(15.0)
    if known or not story.meddled:
        assert BASELINE not in world.fleet.versions, text
    route = FakeRouter(world.traffic).route()
    if route is None or not route.record.primary:
        return
    assert damage_of(route, world.apex.selected) == "" or not only
    serves = route.record.primary
    if not meddled and only >= {OLD, NEW}:
        assert serves == serving
