"""Webhooks: the peer's payload, called in a thread of their own, bounded in time.

Any 2xx passes. Several hooks of one type are called in the order of the configuration, up to the
first that fails; rollback hooks up to the first that passes, which is enough. Absent on purpose:
what a failed hook means for the run, and hooks of type event (`eventhooks`).
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
import random
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlsplit

from canary.adapters import http
from canary.adapters.clock import unix_s
from canary.adapters.cluster.access import Ask, Endpoint
from canary.adapters.errand import Errand
from canary.core.seen import HookResult, HookType, Occasion, Outcome
from canary.errors import ClusterError, HookError
from canary.ports import Clock
from canary.redaction import HIDDEN, one_line

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 10.0
GRACE_S = 1.0  # for everything that is not waiting for an answer
TIMESTAMP = "X-Canary-Timestamp"
SIGNATURE = "X-Canary-Signature"
_TYPE = "Content-Type"
_BODY = 300
_TELLING = 4  # shorter texts are in every answer
_NEVER_PENDING = HookResult()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook as configured. `timeout_s` bounds each attempt; there are `retries` + 1.

    `headers` and `query` read what is sent besides, `key` what the body is signed with, "" not at
    all; all are secrets of the cluster and raise ClusterError where they cannot be read.
    """

    name: str
    type: HookType
    url: str
    timeout_s: float = 10.0
    retries: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Callable[[], Mapping[str, str]] = dict
    query: Callable[[], Mapping[str, str]] = dict
    key: Callable[[], str] = str
    verified: bool = True

    @property
    def pauses_s(self) -> tuple[float, ...]:
        """The longest pauses before the second attempt, the third, and so on."""
        return tuple(min(FIRST_PAUSE_S * 2**n, LONGEST_PAUSE_S) for n in range(self.retries))

    @property
    def longest_s(self) -> float:
        """How long all attempts may take together."""
        return self.timeout_s * (self.retries + 1) + sum(self.pauses_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a hook is sent with: who it is about, the way to a URL, and how to pause.

    `spread` tells at random, 0..1, how long of a pause's second half is waited: many runs whose
    server failed must not come back at the same moment.
    """

    app: str
    namespace: str
    reach: Callable[[str], tuple[Endpoint, str]]
    unverified: Callable[[str], tuple[Endpoint, str]] | None = None
    wall_s: Callable[[], float] = unix_s
    pause: Callable[[float], object] = field(default_factory=lambda: threading.Event().wait)
    spread: Callable[[], float] = random.random

    def send(self, hook: Hook, occasion: Occasion) -> str:
        """Call one hook, again where that may help; why it failed, "" when it passed."""
        failure, again = self._attempt(hook, occasion)
        for pause_s in hook.pauses_s:
            if not failure or not again:
                break
            self.pause(pause_s * (1.0 + self.spread()) / 2.0)
            failure, again = self._attempt(hook, occasion)
        return failure

    def _attempt(self, hook: Hook, occasion: Occasion) -> tuple[str, bool]:
        """Why it failed, and whether another attempt may help."""
        endpoint, path = self._way(hook)
        content = self._payload(hook, occasion)
        try:
            ask = Ask(
                method="POST",
                path=path,
                secret=hook.query(),
                content=content,
                headers=self._headers(hook, content),
                timeout_s=hook.timeout_s,
            )
            response = endpoint.request(ask)
        except (HookError, ClusterError) as error:
            return _told(hook, str(error)), error.retryable
        if response.is_success:
            return "", False
        status = response.status_code
        said = _body(hook, response, ask)
        return _told(hook, f"answered {status}{said}"), status == 429 or status >= 500

    def _way(self, hook: Hook) -> tuple[Endpoint, str]:
        trusting = None if hook.verified else self.unverified
        return (trusting or self.reach)(hook.url)

    def _headers(self, hook: Hook, content: bytes) -> Mapping[str, str]:
        """What is sent besides the body; an old signature is of no use.

        Raises:
            ClusterError: a secret cannot be read.
        """
        headers = {**hook.headers(), _TYPE: "application/json"}
        if key := hook.key():
            at = str(int(self.wall_s()))
            signed = hmac.new(key.encode(), f"{at}.".encode() + content, hashlib.sha256)
            headers |= {TIMESTAMP: at, SIGNATURE: f"sha256={signed.hexdigest()}"}
        return headers

    def _payload(self, hook: Hook, occasion: Occasion) -> bytes:
        payload = {
            "name": self.app,
            "namespace": self.namespace,
            "phase": occasion.phase,
            "checksum": occasion.checksum,
            "metadata": {**hook.metadata, **occasion.metadata},
        }
        return json.dumps(payload).encode()


class WebHooks:
    """Implements `canary.ports.Hooks`; never blocks and never raises."""

    def __init__(self, hooks: Sequence[Hook], sender: Sender, clock: Clock) -> None:
        self._hooks = tuple(hooks)
        self._sender = sender
        self._clock = clock
        self._calls: dict[HookType, Errand[HookResult]] = {}
        self._said: dict[HookType, str] = {}

    def call(self, occasion: Occasion) -> None:
        """Start every hook of the occasion's type in order; ignored while a call is pending."""
        hooks = tuple(hook for hook in self._hooks if hook.type == occasion.type)
        last = self.result(occasion.type)
        if not hooks or last.outcome is Outcome.PENDING:
            return
        self._said[occasion.type] = last.text
        call = _Call(hooks, occasion, self._sender)
        due_s = self._clock.now_s() + sum(hook.longest_s for hook in hooks) + GRACE_S
        name = f"{occasion.type} hooks"
        self._calls[occasion.type] = Errand(name, call.result, call.failed, due_s=due_s)

    def result(self, kind: HookType) -> HookResult:
        """What the last call of this type came to; one that takes too long has failed."""
        call = self._calls.get(kind)
        if call is None:
            return _NEVER_PENDING
        pending = HookResult(outcome=Outcome.PENDING, text=self._said[kind])
        return call.result(self._clock.now_s()) or pending


class _Call:
    """One call of all hooks of a type."""

    def __init__(self, hooks: Sequence[Hook], occasion: Occasion, sender: Sender) -> None:
        self._hooks = hooks
        self._occasion = occasion
        self._sender = sender
        self._current = hooks[0]

    def result(self) -> HookResult:
        """Call the hooks in order, up to the one that settles it."""
        failure, one_is_enough = "", self._occasion.type is HookType.ROLLBACK
        for hook in self._hooks:
            self._current = hook
            failure = self._sender.send(hook, self._occasion)
            if one_is_enough != bool(failure):
                break
        outcome = Outcome.FAILED if failure else Outcome.PASSED
        return HookResult(outcome=outcome, text=failure)

    def failed(self, error: Exception | None) -> HookResult:
        """The result of a bug, or of being too late."""
        late = "did not end within the time of all its attempts"
        why = late if error is None else f"could not be called: {type(error).__name__}"
        return HookResult(outcome=Outcome.FAILED, text=_told(self._current, why))


def hook_name(kind: HookType, name: str) -> str:
    """What texts call a webhook."""
    return f"{kind} webhook {name}"


def _told(hook: Hook, text: str) -> str:
    return f"{hook_name(hook.type, hook.name)}: {one_line(text, _BODY + 60)}"


def _body(hook: Hook, response: http.Response, sent: Ask) -> str:
    """What the server says, without what it only repeats: a query and headers may be secrets."""
    said = response.text
    headers = (sent.headers or {}).items()
    values = [value for name, value in headers if name not in {_TYPE, TIMESTAMP}]
    values += [
        form for value in (sent.secret or {}).values() for form in (value, quote_plus(value))
    ]
    words = {form for value in values for form in _forms(value)}
    repeated = [word for word in words if len(word) >= _TELLING]
    for word in (urlsplit(hook.url).query, *sorted(repeated, key=len, reverse=True)):
        said = said.replace(word, HIDDEN) if word else said
    text = one_line(said, _BODY)
    return f": {text}" if text else ""


def _forms(value: str) -> Iterator[str]:
    """How a header's value may come back: whole, without its scheme, decoded, escaped in JSON."""
    scheme, _, rest = value.rpartition(" ")
    forms = [value, rest]
    if scheme.lower() == "basic":
        try:
            login = b64decode(rest, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            login = ""
        forms += [login, login.partition(":")[2]]
    for form in forms:
        yield form
        yield json.dumps(form)[1:-1]
