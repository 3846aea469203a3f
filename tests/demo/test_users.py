"""The demo's users: what they are answered is counted, whatever it is."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.demo.users import NO_ANSWER, Users, harmed, told


@contextmanager
def server(codes: list[int], enough: threading.Event) -> Iterator[int]:
    """Answers with one code after the other, hangs up at 0, and with 200 once all were used."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            code = codes.pop() if codes else 200
            if not codes:
                enough.set()
            if code == NO_ANSWER:
                self.close_connection = True
                return
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_address[1]
        running.shutdown()


def test_every_answer_is_counted_and_no_answer_too() -> None:
    enough = threading.Event()
    with server([503, NO_ANSWER, 404, 200], enough) as port:
        with Users(port, "app.example.com", threads=1, rate_per_s=200.0) as users:
            assert enough.wait(10.0)
        codes = users.answers()
    assert {code: codes[code] for code in (503, NO_ANSWER, 404)} == {503: 1, NO_ANSWER: 1, 404: 1}
    assert harmed(codes) == 3
    assert users.answers().total() == 0  # each answer is told once


def test_the_line_for_people() -> None:
    codes = Counter({200: 1240, 400: 2, 503: 1, NO_ANSWER: 3})
    assert told(codes) == "1,246 requests: 1,240 good, 2 4xx, 1 5xx, 3 without an answer"
    assert told(Counter({200: 7})) == "7 requests: 7 good, no 4xx, no 5xx, none without an answer"
    assert harmed(Counter({200: 9, 302: 1, 400: 5, 409: 2})) == 0
