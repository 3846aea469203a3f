"""One question to Prometheus for all runs that poll in the same moment; see `gathering`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary.adapters.cluster.access import Endpoint
from canary.adapters.gathering import Gathering, Moment
from canary.adapters.metrics.counters import Alone, query
from canary.adapters.metrics.prometheus import InstantQuery

OPEN_S = 0.08
SHARED_S = 2.0  # how long a common question may take
ALONE_S = 3.0  # and what is left for one's own: together as long as any request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    services: frozenset[str]
    window_s: float


class SharedQuery:
    """Implements `canary.adapters.metrics.counters.Source`; `runs` tells how many go on."""

    def __init__(
        self, endpoint: Endpoint, runs: Callable[[], int], *, open_s: float = OPEN_S
    ) -> None:
        self.name = endpoint.name
        self._runs = runs
        self._whole = Alone(endpoint)
        self._rest = Alone(endpoint, timeout_s=ALONE_S)
        self._server = InstantQuery(endpoint, timeout_s=SHARED_S)
        moment = Moment(open_s=lambda: open_s, answered_s=SHARED_S)
        self._times: Gathering[None, Any] = Gathering(self._time, moment)
        self._samples: Gathering[_Wanted, Mapping[str, list[Any]]] = Gathering(self._dealt, moment)

    def time(self) -> Any:
        """Prometheus's clock, as it answers."""
        if self._runs() <= 1:
            return self._whole.time()
        answer = self._times.answer(None)
        return self._rest.time() if answer is None else answer

    def rows(self, services: Collection[str], window_s: float) -> Any:
        """The samples of these services and of Traefik itself, as Prometheus answers."""
        if self._runs() <= 1:
            return self._whole.rows(services, window_s)
        wanted = _Wanted(services=frozenset(services), window_s=window_s)
        dealt = self._samples.answer(wanted)
        if dealt is None:
            return self._rest.rows(services, window_s)
        return [row for name in ("", *services) for row in dealt.get(name, ())]

    def _time(self, _asked: Sequence[None]) -> Any:
        return self._server.result("time()", "scalar")

    def _dealt(self, asked: Sequence[_Wanted]) -> Mapping[str, list[Any]] | None:
        """By service; None when a row says not whose it is."""
        services = sorted(frozenset[str]().union(*(one.services for one in asked)))
        window_s = max(one.window_s for one in asked)
        rows = self._server.result(query(services, window_s), "matrix")
        dealt: dict[str, list[Any]] = {}
        for row in rows if isinstance(rows, list) else (None,):
            labels = row.get("metric") if isinstance(row, dict) else None
            service = labels.get("service", "") if isinstance(labels, dict) else None
            if not isinstance(service, str) or (service and service not in services):
                return None
            dealt.setdefault(service, []).append(row)
        return dealt
