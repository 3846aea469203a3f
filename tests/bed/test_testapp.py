"""The test app on loopback: each fault, and the protocols that a proxy can break."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.bed import testapp
from tests.bed.testapp import Faults

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@contextmanager
def serving(**env: str) -> Iterator[int]:
    """A server with faults from an environment; its port."""
    server = testapp.start(Faults.of(env), 0, HOST)
    try:
        yield server.server_port
    finally:
        testapp.stop(server)


def ask(
    port: int, path: str = "/", method: str = "GET", **more: Any
) -> tuple[int, dict[str, str], bytes]:
    client = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        client.request(method, path, **more)
        answer = client.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        client.close()


def test_echoes_version_and_request() -> None:
    with serving(VERSION="7") as port:
        status, headers, body = ask(port, "/a?b=c", "POST", body=b"hello", headers={"X-Is": "yes"})
    echo = json.loads(body)
    assert (status, headers["X-Version"]) == (200, "7")
    assert (echo["version"], echo["method"], echo["path"]) == ("7", "POST", "/a?b=c")
    assert (echo["headers"]["X-Is"], echo["body"]) == ("yes", "hello")


@pytest.mark.parametrize(
    ("env", "status"), [("ERROR_SHARE", 500), ("MISSING_SHARE", 404)], ids=["errors", "missing"]
)
def test_share_of_faulty_answers(env: str, status: int) -> None:
    with serving(**{env: "0.5"}) as port:
        answers = [ask(port)[0] for _ in range(200)]
    assert set(answers) == {200, status}
    assert 60 <= answers.count(status) <= 140


def test_shares_divide_the_draw() -> None:
    faults = Faults(hang_share=0.1, error_share=0.2, missing_share=0.3)
    lots = [faults.lot(draw) for draw in (0.05, 0.25, 0.55, 0.65)]
    assert lots == ["hang", "error", "missing", "none"]


def test_probes_are_spared() -> None:
    with serving(ERROR_SHARE="1") as port:
        assert [ask(port, path)[0] for path in ("/healthz", "/readyz", "/")] == [200, 200, 500]


def test_faults_for_one_method_only() -> None:
    with serving(ERROR_SHARE="1", ONLY_METHOD="POST") as port:
        assert (ask(port)[0], ask(port, method="POST")[0]) == (200, 500)


def test_faults_begin_late() -> None:
    young = Faults(only_after_s=5.0)
    old = Faults(only_after_s=5.0, began=time.monotonic() - 6)
    assert (young.befall("GET"), old.befall("GET")) == (False, True)


def test_becomes_unready() -> None:
    with serving(UNREADY_AFTER_S="60") as port:
        assert ask(port, "/readyz")[0] == 200
    with serving(UNREADY_AFTER_S="0.000001") as port:
        assert (ask(port, "/readyz")[0], ask(port, "/healthz")[0]) == (503, 200)


def test_latency() -> None:
    with serving(LATENCY_S="0.2") as port:
        began = time.monotonic()
        assert ask(port)[0] == 200
        assert 0.2 <= time.monotonic() - began < 2


def test_hangs_until_it_is_stopped() -> None:
    with serving(HANG_SHARE="1") as port, socket.create_connection((HOST, port), 0.3) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_a_slow_request_ends_before_the_server_does() -> None:
    server = testapp.start(Faults(latency_s=0.3), 0, HOST)
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(ask(server.server_port)[0]))
    asking.start()
    with server.changed:
        assert server.changed.wait_for(lambda: server.open_requests == 1, 5)
    testapp.stop(server)
    asking.join(5)
    assert answers == [200]


def test_head_has_no_body() -> None:
    with serving() as port:
        status, headers, body = ask(port, "/", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


def test_ranges_of_a_large_answer() -> None:
    with serving() as port:
        whole = ask(port, "/large?bytes=50000")[2]
        status, headers, part = ask(
            port, "/large?bytes=50000", headers={"Range": "bytes=16380-33000"}
        )
        assert ask(port, "/large?bytes=10", headers={"Range": "bytes=10-"})[0] == 416
    assert (len(whole), status) == (50000, 206)
    assert part == whole[16380:33001]
    assert headers["Content-Range"] == "bytes 16380-33000/50000"


def test_server_sent_events() -> None:
    with serving(VERSION="3") as port:
        _, headers, body = ask(port, "/events?count=3&every_s=0.01")
    assert headers["Content-Type"] == "text/event-stream"
    assert body.decode().split("\n\n")[:3] == [
        f'id: {n}\ndata: {{"n": {n}, "version": "3"}}' for n in range(3)
    ]


@pytest.mark.parametrize("size", [5, 300, 70_000])
def test_websocket_echo(size: int) -> None:
    key = base64.b64encode(bytes(16)).decode()
    with serving() as port, socket.create_connection((HOST, port), 5) as client:
        client.sendall(
            f"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        stream = client.makefile("rb")
        assert stream.readline().startswith(b"HTTP/1.1 101")
        lines = iter(stream.readline, b"\r\n")
        assert b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n" in list(lines)
        for first, answered in ((0x81, 0x81), (0x89, 0x8A), (0x88, 0x88)):
            payload = bytes(range(256)) * (size // 256 + 1)
            client.sendall(masked(first, payload[:size]))
            head = bytes([answered]) + testapp.frame_length(size)
            assert stream.read(len(head) + size) == head + payload[:size]
        assert stream.read() == b""


def masked(first: int, payload: bytes) -> bytes:
    mask = b"\x01\x02\x03\x04"
    head = bytearray(testapp.frame_length(len(payload)))
    head[0] |= 0x80
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes([first]) + bytes(head) + mask + body


def test_a_websocket_needs_a_key() -> None:
    with serving() as port:
        assert ask(port, "/ws")[0] == 426


@contextmanager
def process(**env: str) -> Iterator[subprocess.Popen[str]]:
    """The app as its container starts it: the file alone."""
    with subprocess.Popen(
        [sys.executable, "-I", str(Path(testapp.__file__))],
        env={**os.environ, "PORT": "0", **env},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_ends_by_itself_after_a_while() -> None:
    with process(EXIT_AFTER_S="0.1") as running:
        assert running.wait(10) == 1


def test_ends_well_on_sigterm() -> None:
    with process(VERSION="9") as running:
        assert running.stdout
        assert running.stdout.readline().startswith("testapp 9 listens on ")
        running.terminate()
        assert running.wait(10) == 0


def test_leaks_memory() -> None:
    with process(LEAK_MB_PER_S="200") as running:
        assert running.stdout
        running.stdout.readline()
        assert grows_beyond(running.pid, megabytes=60)


def grows_beyond(pid: int, megabytes: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        if pages * os.sysconf("SC_PAGE_SIZE") > megabytes * 1_000_000:
            return True
        threading.Event().wait(0.05)
    return False
