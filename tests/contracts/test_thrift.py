"""Many threads that allocate leave one arena, and freed memory goes back to the system."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

from canary.adapters.thrift import be_thrifty

THREADS = """
import json, re, sys, threading
from canary.adapters.thrift import be_thrifty
if sys.argv[1] == "thrifty":
    assert be_thrifty()
together = threading.Barrier(40)
def work():
    kept = [bytes(2000) for _ in range(500)]
    together.wait(20)
    return kept
threads = [threading.Thread(target=work) for _ in range(40)]
for thread in threads: thread.start()
for thread in threads: thread.join()
maps = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) ---p", open("/proc/self/maps").read(), re.M)
arenas = [end for begin, end in maps if int(end, 16) % 2**26 == 0]
print(json.dumps(len(arenas)))
"""


def arenas(how: str) -> int:
    """How many arenas of a thread's own there are after forty threads have worked."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS, how], capture_output=True, text=True, check=True
    )
    return int(json.loads(done.stdout))


def test_threads_get_no_arenas_of_their_own() -> None:
    if platform.libc_ver()[0] != "glibc":
        assert not be_thrifty()
        return
    assert arenas("as ever") > 4
    assert arenas("thrifty") == 0
