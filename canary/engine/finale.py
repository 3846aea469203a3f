"""What follows a run's last decision: old connections drain, and the last hooks are heard."""

from __future__ import annotations

from canary.core.pace import LIVE_DEADLINE_S, LIVE_LOOK_S
from canary.core.plan import Plan
from canary.core.record import Record
from canary.core.seen import HookType, Occasion, Outcome
from canary.errors import PortError
from canary.ports import Ports

HOOK_PATIENCE_S = 60.0
HOOK_LOOK_S = 0.2


def drain(record: Record, plan: Plan, ports: Ports) -> None:
    """Let requests that are under way on the old version end before it may be deleted."""
    deadline_s = ports.clock.now_s() + LIVE_DEADLINE_S
    while not _live(record, ports) and ports.clock.now_s() < deadline_s:
        ports.heartbeat.beat()
        ports.clock.wait(LIVE_LOOK_S)
    drained_s = ports.clock.now_s() + plan.drain_s
    while (left := drained_s - ports.clock.now_s()) > 0:
        ports.heartbeat.beat()
        ports.journal.progress(f"promoted; draining the old version, {left:.0f} s left")
        if ports.driver.interruption():
            return  # the version's Retirement drains what is left
        ports.clock.wait(min(1.0, left))


def call_post_rollout(record: Record, plan: Plan, version: str, ports: Ports) -> None:
    """Call the hooks that hear how a run ended; what they answer changes nothing any more."""
    kind = HookType.POST_ROLLOUT
    if kind not in plan.hooks:
        return
    ports.hooks.call(Occasion(type=kind, phase=record.phase.value, checksum=version))
    deadline_s = ports.clock.now_s() + HOOK_PATIENCE_S
    while (result := ports.hooks.result(kind)).outcome is Outcome.PENDING:
        if ports.clock.now_s() >= deadline_s:
            break
        ports.clock.wait(HOOK_LOOK_S)
    if result.outcome is not Outcome.PASSED:
        text = result.text or "no answer"
        ports.journal.decided(record, f"{kind} hooks: {text}", warning=True)


def _live(record: Record, ports: Ports) -> bool:
    try:
        return ports.router.live(record).confirmed
    except PortError:
        return False  # asked again until the deadline; Retirement asks once more
