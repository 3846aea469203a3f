"""What a run's decisions become for people elsewhere: each thing once, as urgent as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.notice import Notice, Severity
from canary.core.notices import Bulletin
from canary.core.record import Phase, Record
from canary.core.report import Report

RUN = Record(
    owner="o",
    run="dev-1",
    phase=Phase.PREPARING,
    primary="a",
    canary="b",
    images={"a": "podinfo:1", "b": "podinfo:2"},
)
FAILED = "at 10 %: request-success-rate 88.0 % of 100 requests (min 99 %)"


def report(outcome: str) -> Report:
    return Report(
        app="podinfo",
        namespace="test",
        run="dev-1",
        outcome=outcome,
        reason=FAILED,
        from_version="a",
        to_version="b",
        from_image="podinfo:1",
        to_image="podinfo:2",
        started_at=0.0,
        seconds=1.0,
    )


def bulletin() -> Bulletin:
    return Bulletin(app="podinfo", namespace="test")


def told(*decisions: tuple[Record, str]) -> list[Notice]:
    one = bulletin()
    notices = [one.decided(record, text) for record, text in decisions]
    return [notice for notice in notices if notice is not None]


@pytest.mark.parametrize(
    ("phase", "text", "severity"),
    [
        (Phase.PREPARING, "run dev-1: podinfo:2", Severity.INFO),
        (Phase.PREPARING, "held before traffic: acceptance answered 500", Severity.WARN),
        (Phase.PROGRESSING, "the canary is ready: 10 % to the canary", Severity.INFO),
        (Phase.PROGRESSING, f"held {FAILED} (1 of 2 failed checks)", Severity.WARN),
        (Phase.PROMOTING, "100 % to the canary", Severity.INFO),
        (Phase.SOAKING, "soaking", Severity.INFO),
        (Phase.ROLLING_BACK, f"roll back: {FAILED}", Severity.ERROR),
    ],
)
def test_how_urgent_a_decision_is(phase: Phase, text: str, severity: Severity) -> None:
    (notice,) = told((replace(RUN, phase=phase), text))
    assert (notice.severity, notice.phase, notice.text) == (severity, phase.value, text)


def test_severities_are_ordered() -> None:
    assert [severity.rank for severity in Severity] == [0, 1, 2]
    assert list(Severity) == ["info", "warn", "error"]


def test_a_notice_says_from_what_to_what_and_where() -> None:
    (notice,) = told((replace(RUN, phase=Phase.PROGRESSING, weight_percent=10), "why"))
    assert notice.title == "podinfo in test: Progressing"
    assert notice.facts == (
        ("From", "podinfo:1"),
        ("To", "podinfo:2"),
        ("Canary weight", "10 %"),
        ("Run", "dev-1"),
    )


def test_the_images_are_those_of_the_beginning() -> None:
    settled = replace(RUN, phase=Phase.SOAKING, primary="b", canary="")
    first, last = told((RUN, "begun"), (settled, "soaking"))
    assert (last.from_image, last.to_image) == (first.from_image, first.to_image)


def test_a_first_version_comes_from_nothing() -> None:
    (notice,) = told((replace(RUN, primary="", images={"b": "podinfo:2"}), "begun"))
    assert [name for name, _ in notice.facts] == ["To", "Canary weight", "Run"]


@pytest.mark.parametrize("phase", [Phase.SUCCEEDED, Phase.FAILED])
def test_the_end_is_told_once_by_the_report(phase: Phase) -> None:
    one = bulletin()
    one.decided(RUN, "begun")
    assert one.decided(replace(RUN, phase=phase), "the end") is None
    last = one.finished(report("rejected"), FAILED)
    assert (last.severity, last.title) == (Severity.ERROR, "podinfo in test: rejected")
    assert last.text == FAILED
    assert ("To", "podinfo:2") in last.facts


@pytest.mark.parametrize(
    ("outcome", "severity", "phase"),
    [
        ("promoted", Severity.INFO, "Succeeded"),
        ("rejected", Severity.ERROR, "Failed"),
        ("interrupted", Severity.ERROR, "Failed"),
    ],
)
def test_how_urgent_an_end_is(outcome: str, severity: Severity, phase: str) -> None:
    last = bulletin().finished(report(outcome), "why")
    assert (last.severity, last.outcome, last.phase) == (severity, outcome, phase)


def test_what_was_repaired_before_and_what_failed_after_is_a_warning() -> None:
    rest = replace(RUN, phase=Phase.FAILED, canary="")
    one = bulletin()
    before = one.decided(rest, "repaired: run dev-0 ended in Progressing at 10 %")
    one.decided(RUN, "begun")
    one.finished(report("rejected"), "why")
    after = one.decided(rest, "post-rollout hooks: answered 500")
    for notice in (before, after):
        assert notice is not None
        assert notice.severity is Severity.WARN
        assert notice.weight_percent is None


@pytest.mark.parametrize(
    ("phase", "text", "is_told"),
    [
        (Phase.PREPARING, "held before traffic: pre-rollout webhook quiet: answered 500", False),
        (Phase.PREPARING, "held before traffic: pre-rollout webhook quieter: answered 500", True),
        (Phase.ROLLING_BACK, "roll back: pre-rollout webhook quiet: answered 500", True),
    ],
)
def test_a_muted_webhook_is_told_only_where_it_ends_a_run(
    phase: Phase, text: str, *, is_told: bool
) -> None:
    muted = Bulletin(app="podinfo", namespace="test", muted=("pre-rollout webhook quiet",))
    assert bool(muted.decided(replace(RUN, phase=phase), text)) is is_told
