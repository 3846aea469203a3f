"""One question for all who ask within a moment.

Who comes first waits a moment for others, asks for all of them, and each takes its part. The answer
is younger than every question, so nobody decides by an old one. What goes wrong with the common
question couples nobody: each then asks alone, and fewer share the next one. Only what would go
wrong with everybody's own question as well is everybody's at once: a silent server is not asked
twice.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from canary.errors import PortError

MOST = 16  # in one question, which bounds the answer and what it takes in memory
GROWTH = 1 / 16  # a question: what was too large once is not tried at every poll

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How long others may join, and how long whoever joined waits for the answer, in seconds."""

    open_s: Callable[[], float]
    answered_s: float


@dataclass(slots=True)
class _Batch(Generic[_Asked, _Answer]):
    asked: list[_Asked] = field(default_factory=list)
    full: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    answer: _Answer | None = None
    failure: PortError | None = None


class Gathering(Generic[_Asked, _Answer]):
    """Collects what threads ask and lets the first of them ask for all; thread-safe.

    `ask` may raise PortError, or answer None for what cannot be dealt out. `shared` tells which
    failures are everybody's.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[_Asked]], _Answer | None],
        moment: Moment,
        *,
        most: int = MOST,
        shared: Callable[[PortError], bool] = lambda _: False,
    ) -> None:
        self._ask = ask
        self._shared = shared
        self._moment = moment
        self._limit = most
        self._most = float(most)
        self._lock = threading.Lock()
        self._open: _Batch[_Asked, _Answer] | None = None

    def answer(self, asked: _Asked) -> _Answer | None:
        """What the common question came to; None: ask alone.

        Raises:
            PortError: it failed, and so would one's own.
        """
        with self._lock:
            first = self._open is None
            batch = self._open = self._open or _Batch()
            batch.asked.append(asked)
            if len(batch.asked) >= int(self._most):
                self._open = None
                batch.full.set()
        if first:
            self._lead(batch)
        else:  # an answer that drips may outlast every timeout, so it is not waited for for ever
            batch.done.wait(self._moment.open_s() + self._moment.answered_s)
        if batch.failure is not None:
            raise copy.copy(batch.failure) from batch.failure
        return batch.answer

    def _lead(self, batch: _Batch[_Asked, _Answer]) -> None:
        batch.full.wait(self._moment.open_s())
        with self._lock:
            if self._open is batch:
                self._open = None
        try:
            batch.answer = self._ask(batch.asked)
        except PortError as error:
            batch.failure = error if self._shared(error) else None
        finally:
            with self._lock:
                well = batch.answer is not None or batch.failure is not None
                grown = min(self._limit, self._most + GROWTH)
                self._most = grown if well else max(1.0, self._most / 2)
            batch.done.set()
