"""The process that is measured: `python -m tests.many.runs APPS PATTERN API ENGINE`.

It calls the dynamic provider as Pulumi does, one thread for each app, and prints one JSON object.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from pulumi.dynamic import ConfigureRequest

from canary.adapters.clock import SystemClock
from canary.engine.lookout import Lookout
from canary.provider import RolloutProvider
from tests.many.plans import Pattern
from tests.many.servers import OWNER, V1, V2, named

_Result = TypeVar("_Result")


class Watch:
    """How late each look began and was complete, in s: when it was due the loop had waited for."""

    def __init__(self) -> None:
        self.began_s: list[float] = []
        self.late_s: list[float] = []
        self._due = threading.local()

    def install(self) -> None:
        """Look over the loop's shoulder."""
        waited, looked = SystemClock.wait, Lookout.look

        def wait(clock: SystemClock, seconds: float) -> None:
            self._due.s = time.monotonic() + max(0.0, seconds)
            waited(clock, seconds)

        def look(*arguments: Any, **named: Any) -> Any:
            began_s = time.monotonic()
            seen = looked(*arguments, **named)
            if (due_s := getattr(self._due, "s", None)) is not None:
                self.began_s.append(began_s - due_s)
                self.late_s.append(time.monotonic() - due_s)
            return seen

        SystemClock.wait = wait  # type: ignore[method-assign, assignment]
        Lookout.look = look  # type: ignore[method-assign]


def props(name: str, version: str, pattern: Pattern) -> dict[str, Any]:
    """A Rollout's inputs."""
    return {
        "app": name,
        "namespace": "test",
        "stack": "dev",
        "owner": OWNER,
        "image": f"podinfo:{version[0]}",
        "version": version,
        "podTemplate": {"spec": {}},
        "release": pattern.release,
        "access": pattern.access,
        "live": "as recorded",
    }


def kubeconfig(api: str) -> str:
    value = {
        "apiVersion": "v1",
        "clusters": [{"name": "fake", "cluster": {"server": api}}],
        "users": [{"name": "me", "user": {"token": "valid"}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
        "current-context": "fake",
    }
    return json.dumps(value)


def measure(apps: int, pattern: Pattern, api: str) -> dict[str, Any]:
    """Release all apps at once, after their first versions."""
    provider, watch = RolloutProvider(), Watch()
    provider.configure(ConfigureRequest({"canary:kubeconfig": kubeconfig(api)}))  # type: ignore[arg-type]
    names = [named(number) for number in range(apps)]

    def update(name: str) -> str:
        outs = provider.update("", props(name, V1, pattern), props(name, V2, pattern)).outs
        return str((outs or {}).get("primary"))

    with ThreadPoolExecutor(apps) as pool:
        idle_mb = memory_mb()
        _all(pool, lambda name: provider.create(props(name, V1, pattern)), names)
        watch.install()
        before, cpu_s, began_s = counters(api), time.process_time(), time.monotonic()
        done = _all(pool, update, names)
        wall_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s
    after = counters(api)
    began, late_s = sorted(watch.began_s), sorted(watch.late_s)
    return {
        "apps": apps,
        "promoted": done.count(V2),
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "looks": len(late_s),
        "began_p99_s": began[len(began) * 99 // 100],
        "late_p50_s": late_s[len(late_s) // 2],
        "late_p99_s": late_s[len(late_s) * 99 // 100],
        "late_max_s": late_s[-1],
        "idle_mb": idle_mb,
        "peak_mb": memory_mb("VmHWM"),
        "threads": threading.active_count(),
        **{key: after[key] - before.get(key, 0) for key in after},
    }


def _all(
    pool: ThreadPoolExecutor, work: Callable[[str], _Result], names: list[str]
) -> list[_Result]:
    return [done.result() for done in [pool.submit(work, name) for name in names]]


def memory_mb(key: str = "VmRSS") -> float:
    """What this process has in memory now, or had at most."""
    found = re.search(rf"^{key}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def counters(api: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{api}/counters") as answer:
        found: dict[str, int] = json.load(answer)
        return found


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), Pattern(*json.loads(sys.argv[2])), sys.argv[3])))
