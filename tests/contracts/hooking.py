"""How tests make hooks, call them and wait for what they come to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from canary.adapters.clock import SystemClock
from canary.adapters.cluster.reach import Reach
from canary.adapters.outlets.hooks import Hook, Sender, WebHooks
from canary.core.seen import HookResult, HookType, Occasion, Outcome
from canary.ports import Hooks
from tests.fakes.web import Web

PRE, ROLLOUT = HookType.PRE_ROLLOUT, HookType.ROLLOUT


def occasion(kind: HookType = PRE) -> Occasion:
    return Occasion(type=kind, phase="Preparing", checksum="bbbbbbbbbb")


def ended(hooks: Hooks, kind: HookType = PRE, within_s: float = 20.0) -> HookResult:
    deadline = time.monotonic() + within_s
    while (result := hooks.result(kind)).outcome is Outcome.PENDING:
        assert time.monotonic() < deadline, "still pending"
        time.sleep(0.005)
    return result


@dataclass(slots=True)
class Pauses:
    """Remembers instead of pausing."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def real(
    *hooks: Hook,
    pause: Callable[[float], object] | None = None,
    spread: Callable[[], float] = lambda: 1.0,
) -> WebHooks:
    """Pauses are the longest unless a `spread` is given."""
    sender = Sender(
        app="podinfo", namespace="test", reach=Reach(), pause=pause or Pauses(), spread=spread
    )
    return WebHooks(hooks, sender, SystemClock())


def hook(web: Web, path: str = "/", **more: Any) -> Hook:
    return Hook(**{"name": "acceptance", "type": PRE, "url": web.url + path, **more})
