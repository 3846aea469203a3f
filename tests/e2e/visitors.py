"""Visitors with a cookie jar each, who alternate GET and POST; runs alone, until SIGTERM.

A line is a JSON list: visitor, sent and answered (unix s), method, status (0: none), who answered,
Set-Cookie.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import signal
import threading
import time
from http.cookies import SimpleCookie

PATIENCE_S = 5.0
METHODS = ("GET", "POST")
LINE = threading.Lock()  # one at a time, or they mix


class Visitor:
    """One jar; a new connection for every request."""

    def __init__(self, number: int, address: str, host: str) -> None:
        self.number = number
        self.address = address
        self.host = host
        self.jar: SimpleCookie = SimpleCookie()

    def ask(self, method: str) -> tuple[int, str, str]:
        """Status, version and the cookie that is given; 0 and "" where there was no answer."""
        headers = {"Host": self.host}
        if self.jar:
            pairs = (f"{name}={item.value}" for name, item in self.jar.items())
            headers["Cookie"] = "; ".join(pairs)
        connection = http.client.HTTPConnection(self.address, 80, timeout=PATIENCE_S)
        try:
            connection.request(
                method, "/echo", body="{}" if method == "POST" else None, headers=headers
            )
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0, "", ""
        finally:
            connection.close()
        cookies = answer.headers.get_all("Set-Cookie") or []
        for cookie in cookies:
            self.jar.load(cookie)
        return answer.status, answer.headers.get("X-Version") or "", ", ".join(cookies)

    def stay(self, every_s: float, stop: threading.Event) -> None:
        """Ask again and again."""
        for method in itertools.cycle(METHODS):
            sent = time.time()
            answer = self.ask(method)
            with LINE:
                print(json.dumps([self.number, sent, time.time(), method, *answer]), flush=True)
            if stop.wait(every_s):
                return


def main() -> None:
    """Read the arguments and let everybody ask."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--visitors", type=int, required=True)
    parser.add_argument("--every-s", type=float, required=True)
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    visitors = [Visitor(i, options.address, options.host) for i in range(options.visitors)]
    threads = [threading.Thread(target=v.stay, args=(options.every_s, stop)) for v in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
