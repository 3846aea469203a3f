"""Carried out in a process that has the guard's own files and the standard library, as in its pod.

`python -S -E looks.py URL CERTIFICATE LOOKS`: prints CPU seconds, peak memory and runs watched.
Two seconds pass by its clock from look to look, however little it takes.
"""

from __future__ import annotations

import json
import re
import ssl
import sys
import time
from itertools import count
from pathlib import Path

from canary.guard.alerts import Alerts
from canary.guard.api import Api
from canary.guard.health import Health
from canary.guard.lead import Lead
from canary.guard.patrol import Patrol
from canary.guard.station import Station


def main(url: str, certificate: str, looks: int) -> None:
    """Look so often; the first two looks, which learn what there is, do not count."""
    trust = ssl.create_default_context(cafile=certificate)
    api = Api(url=url, token=lambda: "valid", context=trust)
    passed = count(0.0, 2.0)
    now_s = [0.0]
    health = Health(looked_s=0.0)
    station = Station(api=api, owner="me", clock=lambda: now_s[0], health=health)
    patrol = Patrol(
        station=station,
        namespaces=("test",),
        alerts=Alerts.of("[]", api),
        lead=Lead(station=station),
    )
    began_s = 0.0
    for number in range(looks + 2):
        began_s = time.process_time() if number == 2 else began_s
        now_s[0] = next(passed)
        if not patrol.look():
            raise SystemExit(f"look {number} saw not everything")
    used_s = time.process_time() - began_s
    # Not getrusage's: that one remembers the process which this one was forked from.
    peak_kb = int(re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[0])
    print(json.dumps({"cpu_s": used_s / looks, "peak_mb": peak_kb / 1024, "runs": health.runs}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
