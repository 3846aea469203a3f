"""Several rollback hooks: the first that says yes is enough, and no refusal hides it."""

from __future__ import annotations

import pytest

from canary.core.seen import HookType, Outcome
from tests.contracts.hooking import ended, hook, occasion, real
from tests.fakes.web import Received, Reply, serving

BACK = HookType.ROLLBACK


def by_path(request: Received) -> Reply:
    return Reply(status=200 if request.path == "/yes" else 403, body=b"closed")


@pytest.mark.parametrize(
    ("paths", "asked", "outcome"),
    [
        (("/no", "/yes", "/later"), ["/no", "/yes"], Outcome.PASSED),
        (("/yes", "/no"), ["/yes"], Outcome.PASSED),
        (("/no", "/no2"), ["/no", "/no2"], Outcome.FAILED),
    ],
)
def test_one_yes_is_enough(paths: tuple[str, ...], asked: list[str], outcome: Outcome) -> None:
    with serving(by_path) as web:
        hooks = real(*(hook(web, path, name=path, type=BACK) for path in paths))
        hooks.call(occasion(BACK))
        assert ended(hooks, BACK).outcome is outcome
    assert [received.path for received in web.received] == asked
