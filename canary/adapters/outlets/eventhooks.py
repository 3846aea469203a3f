"""Webhooks of type event: told of every decision, in order, by a thread of their own.

Nothing waits for them but the very end, briefly, and nothing they answer changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from canary.adapters.background import Background
from canary.adapters.outlets.hooks import Hook, Sender
from canary.core.seen import HookType, Occasion
from canary.redaction import one_line


class EventHooks:
    """One run's event hooks; never raises. `wall_s` tells unix seconds."""

    def __init__(
        self, hooks: Sequence[Hook], sender: Sender, version: str, wall_s: Callable[[], float]
    ) -> None:
        self._hooks = tuple(hook for hook in hooks if hook.type is HookType.EVENT)
        self._sender = sender
        self._version = version
        self._wall_s = wall_s
        self._background = Background("event hooks")
        self._failure = ""

    def tell(self, phase: str, message: str, *, warning: bool = False) -> None:
        """Post the peer's payload to each of them, soon."""
        metadata = {
            "eventMessage": message,
            "eventType": "Warning" if warning else "Normal",
            "timestamp": str(round(self._wall_s() * 1000)),
        }
        occasion = Occasion(
            type=HookType.EVENT, phase=phase, checksum=self._version, metadata=metadata
        )
        if self._hooks and not self._background.submit(lambda: self._send(occasion)):
            self._failure = "event webhooks are too slow: some decisions were not told"

    def finish(self, within_s: float) -> str:
        """Wait for what was told; the last thing that went wrong, "" when nothing did."""
        if not self._background.finish(within_s):
            return "event webhooks have not answered yet"
        return self._failure

    def _send(self, occasion: Occasion) -> None:
        for hook in self._hooks:
            try:
                failure = self._sender.send(hook, occasion)
            except Exception as error:  # noqa: BLE001  a bug in a courtesy must not end the thread
                failure = f"event webhook {hook.name}: {type(error).__name__}"
            self._failure = one_line(failure, 400) or self._failure
