"""Many threads leave one arena, freed memory goes back, and little is searched for cycles."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

from canary.adapters.process.thrift import be_thrifty

THREADS = """
import json, re, sys, threading
from canary.adapters.process.thrift import be_thrifty
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


FREED = """
import json, re
from canary.adapters.process.thrift import be_thrifty
be_thrifty()
def resident_kb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
before_kb = resident_kb()
pinned = []
for size, count in ((200_000, 200), (20_000, 1500)) * 2:  # glibc learns from the first to keep more
    answers = []
    for _ in range(count):
        answers.append(b"x" * size)
        if size > 100_000:
            pinned.append(b"x" * 600)  # lasts, and lies above the answer if that is in the heap
    answers.clear()
print(json.dumps(resident_kb() - before_kb))
"""


def test_what_was_freed_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    if platform.libc_ver()[0] == "glibc":
        assert int(json.loads(done.stdout)) < 8_000


OTHER_LIBRARY = """
import ctypes
ctypes.CDLL = lambda name: object()
from canary.adapters.process.thrift import be_thrifty
print(be_thrifty())
"""


def test_another_library_is_left_as_it_is() -> None:
    command = [sys.executable, "-c", OTHER_LIBRARY]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


COLLECTED = """
import gc, json, sys
import canary.provider
from canary.adapters.process.thrift import be_thrifty
if sys.argv[1] == "thrifty":
    be_thrifty()
begun = []
gc.callbacks.append(lambda phase, info: begun.append(phase))
answers = [json.loads('[[0, "0"]' + 2000 * ', [1, "1"]' + "]") for _ in range(20)]
print(json.dumps([len(gc.get_objects()), begun.count("start")]))
"""


def collected(how: str) -> tuple[int, int]:
    """How much a search for cycles looks through at most, and how many there were."""
    command = [sys.executable, "-c", COLLECTED, how]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    objects, searches = json.loads(done.stdout)
    return objects, searches


def test_answers_are_read_with_few_searches_and_none_through_what_was_imported() -> None:
    (objects, searches), (left, fewer) = collected("as ever"), collected("thrifty")
    assert left < objects / 2
    assert fewer < searches / 5
