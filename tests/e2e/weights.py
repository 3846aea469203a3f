"""Follows an app's weights: every change of its TraefikServices, as the API server tells it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from canary.core.record import Phase, Record
from tests.bed.cluster import Bed
from tests.e2e.waiting import await_
from tests.e2e.watching import Watching

REACHED_WITHIN_S = 120.0  # no promise: only so that a test ends on a machine that is busy
HEARD_WITHIN_S = 60.0  # the same for a watch
_COLUMNS = (
    "{.metadata.name}|{.metadata.resourceVersion}|{.spec.weighted.services}|"
    r'{.metadata.annotations.canary\.rollout/record}{"\n"}'
)
_VERSIONS = r'{range .items[*]}{.metadata.name}|{.metadata.resourceVersion}{"\n"}{end}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one weighted list said; the plain list has the record too.

    `at` (unix s) is when the watch told, which on a busy machine may be seconds after the write;
    `revision` is the API server's number of the write, in one order with those of other objects.
    """

    at: float
    name: str
    revision: int
    members: dict[str, int]
    record: Record | None

    @property
    def written(self) -> float:
        """When the driver began to write it, if it moved traffic (unix s); nobody heard before."""
        assert self.record is not None
        return self.record.moved_at


class Weights:
    """A context manager; entered before the app exists or while it runs.

    Once it has been left, every change is known that was written until then.
    """

    def __init__(self, bed: Bed, namespace: str, app: str) -> None:
        self._bed = bed
        self._namespace = namespace
        self._app = app
        self._heard: set[tuple[str, int]] = set()
        self._changed = threading.Condition()
        self._changes: list[Change] = []
        get = ("-n", namespace, "get", "traefikservices", f"-o=jsonpath={_COLUMNS}")
        self._watching = Watching(bed, *get, hear=self._hear)

    def __enter__(self) -> Self:
        self._watching.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is None:
            await_(self._is_up_to_date, "the watch's last line", HEARD_WITHIN_S)
        self._watching.__exit__(kind, error, at)

    def changes(self, name: str = "") -> list[Change]:
        """Every change of the plain list (or of the one of that name), in order."""
        wanted = name or self._app
        with self._changed:
            return [change for change in self._changes if change.name == wanted]

    def records(self) -> list[Record]:
        """Every record, in order."""
        return [change.record for change in self.changes() if change.record]

    def steps(self) -> list[int]:
        """The canary's weight each time it changed, from the plain list's records."""
        found: list[int] = []
        for record in self.records():
            if not found or found[-1] != record.weight_percent:
                found.append(record.weight_percent)
        return found

    def await_weight(self, percent: int, within_s: float = REACHED_WITHIN_S) -> Change:
        """The first change with this weight of a canary, waited for if need be."""
        return self.await_record(
            lambda record: bool(record.canary) and record.weight_percent == percent, within_s
        )

    def await_phase(self, phase: str, within_s: float) -> Change:
        """The first change with this phase, waited for if need be."""
        return self.await_record(lambda record: record.phase.value == phase, within_s)

    def await_promotion(self, within_s: float = REACHED_WITHIN_S) -> Change:
        """The first change that was written when every replica of Traefik routed 100 %."""
        run = self.await_weight(100, within_s).record
        assert run is not None
        after = {Phase.SOAKING, Phase.SUCCEEDED}
        return self.await_record(lambda found: found.run == run.run and found.phase in after)

    def await_record(
        self, wanted: Callable[[Record], bool], within_s: float = REACHED_WITHIN_S
    ) -> Change:
        """The first change with such a record, waited for if need be."""
        deadline = time.monotonic() + within_s
        with self._changed:
            while not (found := self._first(wanted)):
                left = deadline - time.monotonic()
                assert left > 0, f"not within {within_s:g} s; seen: {self._changes[-5:]}"
                self._changed.wait(left)
            return found

    def _is_up_to_date(self) -> bool:
        get = ("-n", self._namespace, "get", "traefikservices", f"-o=jsonpath={_VERSIONS}")
        rows = (line.split("|") for line in self._bed.kubectl(*get).splitlines())
        now = {(name, int(revision)) for name, revision in rows}
        with self._changed:
            return now <= self._heard

    def _first(self, wanted: Callable[[Record], bool]) -> Change | None:
        own = (change for change in self._changes if change.name == self._app)
        return next((change for change in own if change.record and wanted(change.record)), None)

    def _hear(self, at: float, line: str) -> None:
        if line.count("|") < 3:
            return  # the end of one watch, or a remark
        name, revision, services, record = line.split("|", 3)
        with self._changed:
            self._heard.add((name, int(revision)))
            self._changes.append(_change(self._app, at, (name, int(revision)), services, record))
            self._changed.notify_all()


def _change(app: str, at: float, which: tuple[str, int], services: str, record: str) -> Change:
    """Members by version; the failover that stands for the canary goes by its version too."""
    parsed = Record.from_json(record) if record else None
    members = {
        str(member["name"]).removeprefix(f"{app}-"): int(member["weight"])
        for member in json.loads(services or "[]")
    }
    name, revision = which
    return Change(at=at, name=name, revision=revision, members=members, record=parsed)
