"""Orders against a whole world: written beside the record, obeyed, acknowledged, and gone."""

from __future__ import annotations

from canary.core.orders import Order
from tests.engine.world import NEW, OLD, World


def ordered(world: World, at_s: float, verb: str, *, run: str = "r1") -> None:
    text = Order(verb=verb, by="ann", run=run).to_json()
    world.at(at_s, lambda: world.traffic.ordered(text))


def test_an_abort_is_obeyed_within_one_look_and_acknowledged() -> None:
    world = World()
    ordered(world, 15.0, "abort")
    assert world.outcome().endswith("aborted by ann; all traffic is back on podinfo:a after 0.1 s")
    assert world.routed == {OLD: 100}
    assert Order(verb="abort", by="ann", run="r1").to_json() == world.traffic.records[-1].obeyed
    assert world.traffic.order == ""
    (back,) = [e for e in world.journal.entries if "aborted" in e.reason and e.warning][:1]
    assert back.at_s - 60.0 < 17.0


def test_while_it_is_suspended_the_record_says_by_whom() -> None:
    world = World()
    ordered(world, 5.0, "suspend")
    seen: list[str] = []
    world.at(40.0, lambda: seen.append(world.traffic.records[-1].held))
    ordered(world, 50.0, "resume")
    assert world.outcome() == "Succeeded"
    assert seen == ["ann"]
    assert world.traffic.records[-1].held == ""
    assert world.routed == {NEW: 100}


def test_an_order_that_was_left_from_before_is_not_obeyed() -> None:
    world = World()
    world.traffic.ordered("abort")
    assert world.outcome() == "Succeeded"
    assert world.traffic.order == ""


def test_an_order_for_another_run_stays_unobeyed() -> None:
    world = World()
    ordered(world, 5.0, "abort", run="r0")
    assert world.outcome() == "Succeeded"


def test_promote_skips_what_is_left() -> None:
    world = World()
    ordered(world, 5.0, "promote")
    assert world.outcome() == "Succeeded"
    assert 50 not in [record.weight_percent for record in world.traffic.records]
