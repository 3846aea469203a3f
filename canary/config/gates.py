"""From confirm-… webhooks to the gates that they are together."""

from __future__ import annotations

from collections.abc import Sequence

from canary.config.analysis import Webhook
from canary.core.gates import CALLS
from canary.core.plan import Gate, OnTimeout
from canary.core.seen import HookType

_STRICTEST_FIRST = (OnTimeout.FAIL, OnTimeout.HOLD, OnTimeout.PASS)


def gates_of(hooks: Sequence[Webhook]) -> dict[HookType, Gate]:
    """The gates by type: several hooks of one type hold together, by the strictest's terms."""
    gates: dict[HookType, Gate] = {}
    for hook in hooks:
        if hook.type in CALLS:
            known = gates.get(hook.type)
            thens = {OnTimeout(hook.on_gate_timeout), *({known.then} if known else ())}
            gates[hook.type] = Gate(
                timeout_s=max(hook.gate_timeout, known.timeout_s if known else 0.0),
                then=next(then for then in _STRICTEST_FIRST if then in thens),
            )
    return gates
