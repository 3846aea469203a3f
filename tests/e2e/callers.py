"""Callers who differ in what they say and where they come from; runs alone, until SIGTERM.

Arguments: the address and port that they call, and a JSON list of {name, path, headers, source}.
A line is a JSON list: name, sent and answered (unix s), status (0: none), who answered.
"""

from __future__ import annotations

import http.client
import json
import signal
import sys
import threading
import time
from typing import Any

PATIENCE_S = 5.0
EVERY_S = 0.4
LINE = threading.Lock()  # one at a time, or they mix


def call(address: str, port: int, caller: dict[str, Any]) -> tuple[int, str]:
    """Status and version, 0 and "" where there was no answer; a new connection for each call."""
    source = (caller["source"], 0) if caller["source"] else None
    connection = http.client.HTTPConnection(address, port, PATIENCE_S, source)
    try:
        connection.request("GET", caller["path"], headers=caller["headers"])
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
    return answer.status, answer.headers.get("X-Version") or ""


def stay(address: str, port: int, caller: dict[str, Any], stop: threading.Event) -> None:
    """Call again and again."""
    while not stop.is_set():
        sent = time.time()
        status, who = call(address, port, caller)
        with LINE:
            print(json.dumps([caller["name"], sent, time.time(), status, who]), flush=True)
        stop.wait(EVERY_S)


def main() -> None:
    """Read the arguments and let everybody call."""
    address, port, callers = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threads = [
        threading.Thread(target=stay, args=(address, port, caller, stop)) for caller in callers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
