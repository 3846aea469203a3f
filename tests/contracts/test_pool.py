"""Connections are used again while they are of use, and their number is bounded."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpcore
import pytest

from canary.adapters.pool import Pool

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BROKEN_OFF = ANSWER[:-1]


class Server:
    """Answers on each connection so many times, then closes it; `closed` counts those."""

    def __init__(self, answers: int = 100) -> None:
        self._answers = answers
        self.answer = ANSWER
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.connections: list[socket.socket] = []
        self.closed = threading.Semaphore(0)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):  # it also ends the wait for another connection
            self._listening.shutdown(socket.SHUT_RDWR)
        for one in (self._listening, *self.connections):
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self.connections.append(self._listening.accept()[0])
                arguments = (self.connections[-1],)
                threading.Thread(target=self._serve, args=arguments, daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            for _ in range(self._answers):
                if not connection.recv(65_536):
                    break
                connection.sendall(self.answer)
        connection.close()
        self.closed.release()


@contextmanager
def serving(answers: int = 100) -> Iterator[Server]:
    server = Server(answers)
    try:
        yield server
    finally:
        server.close()


class Made(list[httpcore.HTTPConnection]):
    """Every connection that a pool has made."""

    def __call__(self, origin: httpcore.Origin) -> httpcore.HTTPConnection:
        self.append(httpcore.HTTPConnection(origin, keepalive_expiry=9))
        return self[-1]

    def closed(self) -> list[bool]:
        return [connection.is_closed() for connection in self]


def pool(most: int = 8, kept: int = 4, made: Made | None = None) -> Pool:
    return Pool(Made() if made is None else made, most=most, kept=kept)


def asked(pool: Pool, server: Server, wait_s: float = 5.0) -> httpcore.Response:
    """An answer that is still to be read."""
    within = {"timeout": {"pool": wait_s, "connect": 5.0, "read": 5.0, "write": 5.0}}
    url = f"http://127.0.0.1:{server.port}/"
    headers = [(b"Host", b"here")]
    return pool.handle_request(httpcore.Request("GET", url, headers=headers, extensions=within))


def told(response: httpcore.Response) -> bytes:
    body = response.read()
    response.close()
    return body


def test_one_request_after_another_takes_one_connection() -> None:
    with serving() as server, pool() as connections:
        assert [told(asked(connections, server)) for _ in range(5)] == [b"ok"] * 5
        assert len(server.connections) == connections.idle() == 1


def test_the_one_that_was_used_last_is_used_next() -> None:
    with serving() as server, pool() as connections:
        for answer in [asked(connections, server) for _ in range(2)]:
            told(answer)
        answer = asked(connections, server)
        ours = answer.extensions["network_stream"].get_extra_info("client_addr")
        assert ours == server.connections[1].getpeername()
        told(answer)


def test_each_server_has_connections_of_its_own() -> None:
    with serving() as server, serving() as other, pool() as connections:
        for one in (server, other, server, other):
            assert told(asked(connections, one)) == b"ok"
        assert len(server.connections) == len(other.connections) == 1


def test_what_the_server_has_closed_is_not_used_again() -> None:
    made = Made()
    with serving() as server, pool(made=made) as connections:
        for _ in range(3):
            assert told(asked(connections, server)) == b"ok"
            server.connections[-1].shutdown(socket.SHUT_RDWR)
            assert server.closed.acquire(timeout=5)
        assert len(server.connections) == 3
        assert made.closed() == [True, True, False]


def test_who_finds_no_room_in_time_is_told_so_and_an_answer_makes_room() -> None:
    with serving() as server, pool(most=1) as connections:
        first = asked(connections, server)
        with pytest.raises(httpcore.PoolTimeout):
            asked(connections, server, wait_s=0.01)
        told(first)
        first.close()  # once more, which makes no more room than there is
        assert told(asked(connections, server)) == b"ok"


def test_a_request_that_fails_makes_room_too() -> None:
    with serving(answers=0) as server, pool(most=1) as connections:
        for _ in range(3):
            with pytest.raises((httpcore.NetworkError, httpcore.RemoteProtocolError)):
                asked(connections, server)
        assert connections.idle() == 0


def test_an_answer_that_breaks_off_makes_room_too() -> None:
    made = Made()
    with serving() as server, pool(most=1, made=made) as connections:
        server.answer = BROKEN_OFF
        answer = asked(connections, server)
        server.connections[0].shutdown(socket.SHUT_RDWR)
        with pytest.raises(httpcore.RemoteProtocolError):
            answer.read()
        server.answer = ANSWER
        assert told(asked(connections, server)) == b"ok"
        assert made.closed() == [True, False]


def test_a_server_that_is_not_there_makes_room_too() -> None:
    with serving() as server, pool(most=1) as connections:
        server.close()
        for _ in range(3):
            with pytest.raises(httpcore.ConnectError):
                asked(connections, server)


def test_only_so_many_wait_and_the_oldest_goes() -> None:
    made = Made()
    with serving() as server, pool(kept=2, made=made) as connections:
        for answer in [asked(connections, server) for _ in range(5)]:
            told(answer)
        assert connections.idle() == 2
        assert made.closed() == [True, True, True, False, False]


def test_one_that_the_server_closes_while_others_are_used_makes_way() -> None:
    with serving() as server, pool() as connections:
        for answer in [asked(connections, server) for _ in range(3)]:
            told(answer)
        server.connections[0].shutdown(socket.SHUT_RDWR)
        assert told(asked(connections, server)) == b"ok"
        assert connections.idle() == 2


def test_an_answer_that_nobody_read_ends_its_connection() -> None:
    made = Made()
    with serving() as server, pool(most=1, made=made) as connections:
        asked(connections, server).close()
        assert connections.idle() == 0
        assert made.closed() == [True]
        assert told(asked(connections, server)) == b"ok"


def test_a_pool_that_was_closed_keeps_nothing() -> None:
    made = Made()
    with serving() as server, pool(made=made) as connections:
        early, late = asked(connections, server), asked(connections, server)
        told(early)
        connections.close()
        assert made.closed() == [True, False]
        assert told(late) == b"ok"
        assert connections.idle() == 0
        assert made.closed() == [True, True]
