"""A real Prometheus, and replicas of Traefik that have counted what a test says."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from canary.adapters.cluster.access import Direct
from canary.adapters.metrics.counters import Alone, PrometheusMetrics
from canary.core.samples import Ledger
from canary.core.seen import Kind, Side
from canary.errors import MetricsError
from tests.e2e.waiting import await_
from tests.fakes.web import Received, Reply

PRIMARY, CANARY = "aaaaaaaaaa", "bbbbbbbbbb"
BOTH = {"primary": PRIMARY, "canary": CANARY}
WITHIN_S = 120.0
_CONFIG = """
global: {{scrape_interval: {interval}}}
scrape_configs:
- job_name: traefik
  static_configs: [{{targets: [{targets}]}}]
"""


class Scraper:
    """One Prometheus process; it may die, and come back with or without what it had stored."""

    def __init__(self, directory: Path, targets: Sequence[str], *, interval: str = "1s") -> None:
        program = shutil.which("prometheus")
        assert program, "prometheus is not installed: apt-get install prometheus"
        self._directory = directory
        address = f"127.0.0.1:{_free_port()}"
        config = directory / "prometheus.yml"
        quoted = ", ".join(f'"{url.removeprefix("http://")}"' for url in targets)
        config.write_text(_CONFIG.format(interval=interval, targets=quoted))
        self._command = [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address={address}",
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = Direct("Prometheus", f"http://{address}", raises=MetricsError)
        self.metrics = PrometheusMetrics(Alone(self.endpoint), "test", "podinfo", 80)

    def start(self) -> None:
        """Begin to scrape; returns once it answers."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        await_(self._answers, "an answer of Prometheus", WITHIN_S)

    def kill(self) -> None:
        """As when its node dies."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Lose all that was stored, as a pod does that moves to another node."""
        shutil.rmtree(self._directory / "data")

    def _answers(self) -> bool:
        try:
            return self.metrics.now_s() > 0
        except MetricsError as error:
            if not error.retryable:
                raise
            return False


@contextmanager
def scraping(directory: Path, targets: Sequence[str], *, interval: str = "1s") -> Iterator[Scraper]:
    """A Prometheus that scrapes these URLs, until the block is left."""
    scraper = Scraper(directory, targets, interval=interval)
    scraper.start()
    try:
        yield scraper
    finally:
        scraper.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass(slots=True, kw_only=True)
class Replica:
    """One replica of Traefik; `expose` is what Prometheus scrapes. Down, it answers 503.

    What is `stamped` with its time stays Prometheus's newest, though later scrapes fail.
    """

    down: bool = False
    stamped: bool = False
    reloads: int = 3
    counts: Counter[str] = field(default_factory=Counter)
    scrapes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, version: str, requests: int) -> None:
        """Count so many requests more."""
        with self._lock:
            self.counts[version] += requests

    def restart(self, counts: Mapping[str, int] | None = None) -> None:
        """Begin all counters anew; `counts` are what it has answered since, unscraped."""
        with self._lock:
            self.reloads = 1
            self.counts = Counter(counts or {})

    def expose(self, _received: Received) -> Reply:
        with self._lock:
            if self.down:
                return Reply(status=503)
            self.scrapes += 1
            stamp = f" {time.time_ns() // 10**6}" if self.stamped else ""
            lines = [f"traefik_config_reloads_total {self.reloads}{stamp}"]
            for version, count in self.counts.items():
                service = f"test-podinfo-{version}-80@kubernetescrd"
                labels = f'service="{service}",code="200",method="GET",protocol="http"'
                lines.append(f"traefik_service_requests_total{{{labels}}} {count}{stamp}")
        text = "\n".join([*lines, ""])
        return Reply(body=text.encode(), headers={"Content-Type": "text/plain; version=0.0.4"})

    def await_scrape(self) -> None:
        """Return once what is counted now has been scraped, and a whole scrape after that."""
        seen = self.scrapes
        await_(lambda: self.scrapes >= seen + 2, "two scrapes", WITHIN_S)


@dataclass(slots=True, kw_only=True)
class Counting:
    """A run's way to count: it looks now and then, and adds up what each look adds."""

    metrics: PrometheusMetrics
    ledger: Ledger = field(default_factory=Ledger)
    counted: Counter[Side] = field(default_factory=Counter)
    longest_s: float = 0.0

    def look(self) -> None:
        """One poll."""
        self.ledger, poll = self.ledger.advance(self.metrics.samples(BOTH, 30))
        for one in poll.increments:
            self.longest_s = max(self.longest_s, one.end_s - one.start_s)
            if one.kind is Kind.REQUESTS:
                self.counted[one.side] += one.amount

    def await_canary(self, requests: int) -> None:
        """Look until so many requests of the canary were counted, and no more."""

        def seen() -> bool:
            self.look()
            return self.counted[Side.CANARY] >= requests

        await_(seen, f"{requests} requests: {self.counted}", WITHIN_S)
        assert self.counted[Side.CANARY] == requests
