"""How long a webhook whose server failed is left alone before the next attempt."""

from __future__ import annotations

import pytest

from canary.adapters.cluster.reach import Reach
from canary.adapters.outlets.hooks import Sender
from canary.core.seen import Outcome
from tests.contracts.hooking import Pauses, ended, hook, occasion, real
from tests.fakes.web import Reply, serving


@pytest.mark.parametrize(
    ("spread", "pauses_s"),
    [(0.0, [0.5, 1.0, 2.0]), (0.5, [0.75, 1.5, 3.0]), (1.0, [1.0, 2.0, 4.0])],
)
def test_no_two_runs_come_back_to_a_failed_server_at_the_same_moment(
    spread: float, pauses_s: list[float]
) -> None:
    pauses = Pauses()
    with serving(lambda _: Reply(status=503)) as web:
        hooks = real(hook(web, retries=3), pause=pauses, spread=lambda: spread)
        hooks.call(occasion())
        assert ended(hooks).outcome is Outcome.FAILED
    assert pauses.seconds == pauses_s


def test_unless_said_chance_spreads_pauses_within_what_is_allowed() -> None:
    pauses = Pauses()
    with serving(lambda _: Reply(status=503)) as web:
        sender = Sender(app="podinfo", namespace="test", reach=Reach(), pause=pauses)
        patient = hook(web, retries=20)
        assert sender.send(patient, occasion())
    longest = patient.pauses_s
    assert all(most / 2 <= s <= most for s, most in zip(pauses.seconds, longest, strict=True))
    assert len(set(pauses.seconds)) == len(longest)
