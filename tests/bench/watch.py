"""Watches one release: its weights, the canary's failing pods, and what it costs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bed.cluster import Bed
from tests.e2e.watching import Watching

_TICKS_PER_S = 100
_PAGE_KIB = 4
_LIST = '{.spec.weighted.services}{"\\n"}'
_PODS = '{.metadata.name}|{.status.containerStatuses[*].restartCount}|{.status.phase}{"\\n"}'


class Lines(Watching):
    """What a watching kubectl has printed, with the time (unix s) at which it did."""

    def __init__(self, bed: Bed, *arguments: str) -> None:
        self.seen: list[tuple[float, str]] = []
        super().__init__(bed, *arguments, hear=lambda at, line: self.seen.append((at, line)))


def weights(bed: Bed, namespace: str, name: str) -> Lines:
    """Every state of a weighted TraefikService."""
    return Lines(bed, "-n", namespace, "get", "traefikservice", name, f"-o=jsonpath={_LIST}")


def pods(bed: Bed, namespace: str) -> Lines:
    """Every state of the namespace's pods."""
    return Lines(bed, "-n", namespace, "get", "pods", f"-o=jsonpath={_PODS}")


def shares(lines: Lines, is_canary: Callable[[str], bool]) -> list[tuple[float, int]]:
    """The canary's weight (percent) from each time on."""
    found: list[tuple[float, int]] = []
    for at, text in lines.seen:
        members = json.loads(text) if text.startswith("[") else []
        weight = sum(int(m.get("weight", 1)) for m in members if is_canary(str(m["name"])))
        if not found or found[-1][1] != weight:
            found.append((at, weight))
    return found


def first_exit(lines: Lines) -> float | None:
    """When a container was first seen to have been restarted or to have failed, None if never."""
    for at, text in lines.seen:
        name, _, rest = text.partition("|")
        restarts, _, phase = rest.partition("|")
        if name and (phase == "Failed" or any(int(n) for n in restarts.split())):
            return at
    return None


class Cost:
    """CPU seconds and the most memory (MiB) of the bed's processes whose command lines have a word.

    A context manager; the figures are there once it is left.
    """

    def __init__(self, bed: Bed, words: tuple[str, ...]) -> None:
        init = bed.sandbox.init()
        assert init is not None, "the bed is down"
        self._network = Path(f"/proc/{init.pid}/ns/net").readlink()
        self.cpu_s = 0.0
        self.memory_mib = 0.0
        self._words = words
        self._over = threading.Event()
        self._began = self._look()
        self._last: dict[int, float] = {}
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self.cpu_s = sum(cpu - self._began.get(pid, 0.0) for pid, cpu in self._last.items())

    def _follow(self) -> None:
        while not self._over.wait(0.5):
            self._last |= self._look()

    def _look(self) -> dict[int, float]:
        """CPU seconds by process; remembers the most memory that all had together."""
        found: dict[int, float] = {}
        resident = 0.0
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if "nsenter" in command or not any(word in command for word in self._words):
                    continue
                if (directory / "ns" / "net").readlink() != self._network:
                    continue  # somebody else's
                fields = (directory / "stat").read_text().rpartition(")")[2].split()
                pages = int((directory / "statm").read_text().split()[1])
            except (OSError, UnicodeDecodeError):
                continue  # it ended meanwhile
            found[int(directory.name)] = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
            resident += pages * _PAGE_KIB / 1024
        self.memory_mib = max(self.memory_mib, resident)
        return found


@dataclass(frozen=True, slots=True)
class Requests:
    """How many requests API server and Prometheus have answered."""

    api: float
    prometheus: float

    @classmethod
    def now(cls, bed: Bed) -> Self:
        """Ask both for their own counters."""
        metrics = bed.kubectl("get", "--raw", "/metrics").splitlines()
        api = sum(
            float(line.rpartition(" ")[2])
            for line in metrics
            if line.startswith("apiserver_request_total{")
        )
        way = "/api/v1/namespaces/canary-system/services/prometheus:9090/proxy/metrics"
        queries = sum(
            float(line.rpartition(" ")[2])
            for line in bed.kubectl("get", "--raw", way).splitlines()
            if line.startswith("prometheus_http_requests_total{") and "/api/v1/query" in line
        )
        return cls(api, queries)
