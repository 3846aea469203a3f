"""What a probe's requests came to, and the questions that tests ask about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

AROUND_S = 1.0  # how long before and after failures a text tells of the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request: when it was sent (unix s), and what became of it; status 0 is no answer."""

    sent: float
    seconds: float
    method: str
    status: int
    who: str
    pod: str
    error: str

    @property
    def failed(self) -> bool:
        """A 5xx, a 404, a broken connection, or no answer within five seconds."""
        return self.status in {0, 404} or self.status >= 500

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.sent, UTC).strftime("%H:%M:%S.%f")[:-4]
        came = (
            f"{self.status} from {self.pod or self.who or 'nobody'}" if self.status else self.error
        )
        return f"{when} {self.method} {came} after {self.seconds:.3f} s"


@dataclass(frozen=True, slots=True)
class Answers:
    """All requests of a probe, or some of them; complete when read from an ended probe."""

    all: tuple[Answer, ...]

    @classmethod
    def parsed(cls, lines: Iterable[str]) -> Self:
        """Read a probe's lines; what is not an answer is left out."""
        fields = ("sent", "seconds", "method", "status", "who", "pod", "error")
        rows = (json.loads(line) for line in lines if line.startswith("[") and line.endswith("]\n"))
        return cls(tuple(Answer(**dict(zip(fields, row, strict=True))) for row in rows))

    def __len__(self) -> int:
        return len(self.all)

    def where(self, wanted: Callable[[Answer], bool]) -> Answers:
        """Only those that are wanted."""
        return Answers(tuple(answer for answer in self.all if wanted(answer)))

    def between(self, since: float, until: float) -> Answers:
        """Only those sent in this time (unix s)."""
        return self.where(lambda answer: since <= answer.sent < until)

    def answered_before(self, until: float) -> Answers:
        """Only those whose answer had come by then (unix s): nothing later can have met them."""
        return self.where(lambda answer: answer.sent + answer.seconds < until)

    def of(self, method: str) -> Answers:
        """Only those of one HTTP method."""
        return self.where(lambda answer: answer.method == method)

    def failed(self) -> Answers:
        """Only those that a user would complain about."""
        return self.where(lambda answer: answer.failed)

    def assert_none_failed(self) -> None:
        """No user has anything to complain about.

        Raises:
            AssertionError: some have; what failed when, and how the others fared meanwhile.
        """
        failed = self.failed()
        if not failed.all:
            return
        first, last = failed.all[0].sent, failed.all[-1].sent
        around = self.between(first - AROUND_S, last + AROUND_S)
        rows = "\n".join(str(answer) for answer in around.all)
        raise AssertionError(f"{len(failed)} of {self}\nand around them:\n{rows}")

    def share(self, who: str) -> float:
        """Which part (0 to 1) of the requests a version answered; podinfo says so on GET only."""
        named = [answer.who for answer in self.all if answer.who]
        return named.count(who) / len(named)

    def versions(self) -> set[str]:
        """Who answered."""
        return {answer.who for answer in self.all if answer.who}

    def __str__(self) -> str:
        kinds = Counter((a.method, a.status, a.who, a.error) for a in self.all)
        first = f", the first at {self.all[0].sent:.2f}" if self.all else ""
        return f"{len(self.all)} requests{first}: {kinds.most_common(8)}"
