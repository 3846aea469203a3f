"""Traefik's replicas, which take changes at most every two seconds, and Prometheus's counters."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.cluster import FakeCluster
from tests.fakes.replicas import FakeReplica

THROTTLE_S = 2.0  # providersThrottleDuration
PODS = ("traefik-1", "traefik-2")
OFFSETS = (0.3, 0.7)  # each target is scraped at its own moment, a part of the interval
EDGES = tuple(f"{edge:g}" for edge in (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10))
VERSION = re.compile(r"-([0-9a-f]{10})(-fallback)?$")


@dataclass(slots=True)
class Reloads:
    """When Traefik reloads: at once after a change, but two seconds after the last time."""

    count: int = 0
    last_s: float = -math.inf
    due_s: float | None = None

    def changed(self, now_s: float) -> None:
        """Something that Traefik watches was written."""
        if self.due_s is None:
            self.due_s = max(now_s, self.last_s + THROTTLE_S)

    def catch_up(self, now_s: float) -> None:
        """Live through a reload that was due."""
        if self.due_s is not None and self.due_s <= now_s:
            self.last_s, self.due_s = self.due_s, None
            self.count += 1


@dataclass(slots=True)
class Counters:
    """One app's requests by version, as if `rate` a second came and were split exactly."""

    rate: float
    since_s: float
    shares: dict[str, float] = field(default_factory=dict)
    history: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def split(self, now_s: float, weights: dict[str, int]) -> None:
        """From now on requests go as `weights` say."""
        whole = sum(weights.values()) or 1
        shares = {version: weight / whole for version, weight in weights.items()}
        if not self.history or self.history[-1][1] != shares:
            self.history.append((now_s, shares))

    def count(self, version: str, at_s: float) -> int | None:
        """How many requests the version got until then; None before its first."""
        total, seen = 0.0, False
        for index, (from_s, shares) in enumerate(self.history):
            to_s = self.history[index + 1][0] if index + 1 < len(self.history) else at_s
            if from_s < at_s and version in shares:
                seen = True
                total += self.rate * shares[version] * (min(to_s, at_s) - from_s)
        return int(total) if seen else None


class App:
    """One app's share of the world: its objects, what Traefik routes, what was counted."""

    def __init__(self, name: str, now_s: float, rate: float) -> None:
        self.cluster = FakeCluster()
        self.counters = Counters(rate, now_s)
        self._name = name
        self._routed = 0
        self._replicas = [FakeReplica(self.cluster, pod) for pod in PODS]

    def become_ready(self, versions: tuple[str, ...]) -> None:
        """Have Traefik see servers of these versions."""
        for replica in self._replicas:
            replica.up = {f"{self._name}-{version}" for version in versions}
            replica.frozen = True

    def route(self, reloads: int) -> None:
        """Route as of the last reload; nothing has been written since, or this was called."""
        if self._routed != reloads:
            self._routed = reloads
            for replica in self._replicas:
                replica.reload()

    def written(self, now_s: float) -> None:
        """Requests are split as the plain list says."""
        path = f"/apis/traefik.io/v1alpha1/namespaces/test/traefikservices/{self._name}"
        body = self.cluster.objects.by_path.get(path)
        members = body["spec"]["weighted"]["services"] if body else []
        named = ((VERSION.search(member["name"]), member["weight"]) for member in members)
        self.counters.split(now_s, {found[1]: weight for found, weight in named if found})


@dataclass(frozen=True, slots=True)
class Scrapes:
    """Prometheus, which scrapes every target each `every_s`; a span is from when to when."""

    every_s: float

    def rows(
        self, service: str, counters: Counters, version: str, span: tuple[float, float]
    ) -> list[str]:
        """The samples of one version's counters, as JSON."""
        found: list[str] = []
        for pod, times in self._scraped(span):
            counts = [(at_s, counters.count(version, at_s)) for at_s in times]
            values = ",".join(f'[{at_s:.3f},"{count // 2}"]' for at_s, count in counts if count)
            if not values:
                continue
            labels = (
                f'"instance":"{pod}:8100","job":"traefik","service":"{service}","code":"200",'
                '"method":"GET","protocol":"http"'
            )
            found.append(_row("traefik_service_requests_total", labels, values))
            for edge in (*EDGES, "+Inf"):
                name = "traefik_service_request_duration_seconds_bucket"
                found.append(_row(name, f'{labels},"le":"{edge}"', values))
        return found

    def reload_rows(self, reloads: int, span: tuple[float, float]) -> list[str]:
        """The replicas' reload counters, as JSON."""
        found: list[str] = []
        for pod, times in self._scraped(span):
            values = ",".join(f'[{at_s:.3f},"{reloads}"]' for at_s in times)
            labels = f'"instance":"{pod}:8100","job":"traefik"'
            found += [_row("traefik_config_reloads_total", labels, values)] if values else []
        return found

    def _scraped(self, span: tuple[float, float]) -> Iterator[tuple[str, list[float]]]:
        for pod, part in zip(PODS, OFFSETS, strict=True):
            offset_s = part * self.every_s
            first = math.ceil((span[0] - offset_s) / self.every_s)
            last = math.floor((span[1] - offset_s) / self.every_s)
            yield pod, [number * self.every_s + offset_s for number in range(first, last + 1)]


def _row(name: str, labels: str, values: str) -> str:
    return f'{{"metric":{{"__name__":"{name}",{labels}}},"values":[{values}]}}'


def answer(result_type: str, result: Any) -> str:
    """What Prometheus answers; `result` is JSON already."""
    return f'{{"status":"success","data":{{"resultType":"{result_type}","result":{result}}}}}'
