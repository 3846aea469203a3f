"""Lines for people: true, short, and on the safe side when they round."""

from __future__ import annotations

import json
from dataclasses import replace

from canary.core import bake, texts
from canary.core.plan import Plan
from canary.core.record import Phase, Record
from canary.core.report import Report, Step
from canary.core.seen import HookResult, HookType, Outcome, Pods
from canary.core.state import Decision, Effect, Seen, State
from canary.core.verdicts import Grade
from tests.core.timeline import BEGIN, PLAN, READY, tally, window

BAKING = replace(
    BEGIN, phase=Phase.PROGRESSING, step=0, weight_percent=10, baked_from_s=1.0, traffic_from_s=1.0
)
COUNTED = window(tally(40), tally(360), seconds=10.0)
LOOK = Seen(now_s=12.0, canary=READY, primary=READY, window=COUNTED, fresh=True)


def said(state: State, reason: str) -> Decision:
    return Decision(state=state, reason=reason)


def test_one_line_tells_where_a_run_is() -> None:
    state = replace(BAKING, failed_checks=1)
    line = texts.progress(state, said(state, "baking"), replace(LOOK, now_s=5.0), PLAN)
    assert line.startswith("step 1/2 · 10 % · canary 40 requests 100.0 % P99 ")
    assert line.endswith(" · 6 s left · 1 of 2 failed checks")


def test_at_a_gate_it_is_told_what_is_waited_for() -> None:
    state = replace(BAKING, gate=HookType.CONFIRM_PROMOTION)
    line = texts.progress(state, said(state, "held for 3 s"), replace(LOOK, now_s=5.0), PLAN)
    assert line.endswith(" · held for 3 s")


def test_in_the_soak_there_are_no_steps() -> None:
    state = replace(BAKING, phase=Phase.SOAKING, weight_percent=100)
    assert texts.progress(state, said(state, "held"), LOOK, PLAN).startswith("soak · 100 % · ")


def test_a_primary_without_pods_is_said_beside_the_numbers() -> None:
    gone = replace(LOOK, now_s=5.0, primary=Pods(trouble="its Deployment does not exist"))
    line = texts.progress(BAKING, said(BAKING, "baking"), gone, PLAN)
    dead = "the primary has no ready pod: its Deployment does not exist"
    assert line.endswith(f" · {dead} · 6 s left")
    bare = texts.progress(BAKING, said(BAKING, "baking"), replace(gone, primary=Pods()), PLAN)
    assert " · the primary has no ready pod · " in bare
    unseen = texts.progress(BAKING, said(BAKING, "baking"), replace(gone, primary=None), PLAN)
    assert "the primary has" not in unseen


def test_before_a_bake_the_reason_is_told() -> None:
    assert texts.progress(BEGIN, said(BEGIN, "preparing"), LOOK, PLAN) == "preparing"


def test_what_was_counted_is_not_shown_for_the_next_bake() -> None:
    opened = replace(said(BAKING, "live"), effects=(Effect.OPEN_WINDOW,))
    assert texts.progress(BAKING, opened, LOOK, PLAN) == "live"
    soaking = replace(BAKING, phase=Phase.SOAKING)
    assert texts.progress(BAKING, said(soaking, "soaking"), LOOK, PLAN) == "soaking"


def test_why_a_run_rolled_back_is_told_once() -> None:
    record = Record(owner="o", primary="a", images={"a": "podinfo:a"})
    rolling = replace(BAKING, phase=Phase.ROLLING_BACK)
    failed = replace(BAKING, phase=Phase.FAILED)
    assert texts.told(BAKING, said(rolling, "too slow"), record) == "too slow"
    assert texts.told(rolling, said(failed, "too slow"), record) == (
        "all traffic is live on podinfo:a"
    )
    doubtful = said(replace(failed, doubt="not confirmed"), "too slow; not confirmed")
    assert texts.told(rolling, doubtful, record) == "too slow; not confirmed"


def test_a_share_is_never_rounded_up() -> None:
    assert texts.side(tally(10_000, failed=1)).startswith("10,000 requests 99.9 %")
    assert texts.side(tally(10_000)).startswith("10,000 requests 100.0 %")
    assert texts.side(tally(0)) == "0 requests"
    assert texts.side(replace(tally(3), edges=())) == "3 requests 100.0 %"


def test_a_rejection_says_where_the_traffic_is() -> None:
    failed = replace(BAKING, phase=Phase.FAILED, weight_percent=0, cause="too slow")

    def told(state: State = failed, restore_s: float | None = None, primary: str = "a") -> str:
        return texts.rejection("b", primary, state, restore_s)

    assert told(restore_s=0.24) == "b: too slow; all traffic is back on a after 0.2 s"
    assert told() == "b: too slow; a kept all traffic"
    assert told(primary="") == "b: too slow; nothing serves yet"
    assert told(replace(failed, doubt="restoring failed: 503"), 9.0) == (
        "b: too slow; restoring failed: 503"
    )


def test_two_checks_that_say_the_same_are_told_once() -> None:
    few = replace(LOOK, window=window(tally(3), tally(30), seconds=10.0))
    end = bake.conclude(BAKING, few, PLAN)
    assert len(PLAN.checks) == 2
    assert end.grade is Grade.UNKNOWN
    assert end.text == "only 3 of 6 canary requests seen"


def concluded(state: State = BAKING, plan: Plan = PLAN, outcome: Outcome = Outcome.IDLE) -> str:
    text = "hook: 500" if outcome is Outcome.FAILED else ""
    hooks = {HookType.ROLLOUT: HookResult(outcome=outcome, text=text)}
    end = bake.conclude(state, replace(LOOK, hooks=hooks), plan)
    return f"{end.grade}: {end.text}"


def test_a_hook_without_an_answer_holds() -> None:
    assert concluded(outcome=Outcome.PENDING) == "unknown: rollout hooks have not answered yet"
    assert concluded(outcome=Outcome.FAILED) == "fail: hook: 500"
    assert concluded(outcome=Outcome.PASSED).startswith("pass: request-success-rate 100 %")


def test_only_a_duration_that_warms_up_is_said_not_to_be_judged() -> None:
    plan = replace(PLAN, checks=PLAN.checks[1:], warm_up_s=5.0)
    assert concluded(plan=plan) == "pass: warming up, not judged"
    assert concluded(replace(BAKING, baked_from_s=6.0, traffic_from_s=1.0), plan).startswith(
        "pass: request-duration"
    )
    assert concluded(plan=replace(PLAN, checks=())) == "pass: no checks"


def test_a_bake_that_has_not_begun_has_all_its_time_left() -> None:
    assert bake.left_s(replace(BAKING, baked_from_s=None), LOOK, PLAN) == PLAN.interval_s
    assert not bake.overdue(replace(BAKING, baked_from_s=None), LOOK, PLAN)


def test_a_report_is_one_line_of_json_and_a_page_for_people() -> None:
    step = Step(
        weight_percent=10, seconds=9.96, canary_requests=4, primary_requests=36, verdicts=("x", "y")
    )
    report = Report(
        app="podinfo",
        namespace="test",
        run="r1",
        outcome="rejected",
        reason="too slow",
        from_version="a",
        to_version="b",
        from_image="podinfo:a",
        to_image="podinfo:b",
        started_at=0.0,
        seconds=12.3,
        steps=(step,),
    )
    assert json.loads(report.to_json())["steps"][0]["weight_percent"] == 10
    assert "| 10 % | 10.0 s | 4 | 36 | x; y |" in report.to_markdown()
    bare = replace(report, steps=()).to_markdown()
    assert bare == ("## podinfo: rejected\n\n`podinfo:a` → `podinfo:b` in 12.3 s. too slow\n")
    hidden = replace(report, shielded_requests=7).to_markdown()
    assert (
        " too slow\n\nThe shield had the primary answer 7 requests in the canary's place.\n\n| w"
        in hidden
    )


def test_the_shortest_run_is_the_sum_of_its_bakes() -> None:
    assert PLAN.shortest_s == 2 * 10.0 + 10.0
    assert replace(PLAN, skip_analysis=True).shortest_s == 0.0
