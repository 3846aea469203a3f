"""Connections that wait for the next request, in the place of httpcore's pool under httpx.

That one looks at every connection before and after each request, once for every other one when
there are many, and asks the system about each: with two hundred runs and sixty connections more
than half of a request's cost. Here a request takes the connection that was used last and gives it
back; only those at hand are looked at. What is sent, and how, stays httpcore's.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress

import httpcore

MOST = 64  # requests at a time
KEPT = 32  # idle connections to one server
EXPIRY_S = 30.0

Connections = Callable[[httpcore.Origin], httpcore.HTTPConnection]


class Pool(AbstractContextManager["Pool"]):
    """Thread-safe; `connection` makes one that is not yet open."""

    def __init__(self, connection: Connections, *, most: int = MOST, kept: int = KEPT) -> None:
        self._connection = connection
        self._kept = kept
        self._room = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: defaultdict[str, deque[httpcore.HTTPConnection]] = defaultdict(deque)
        self._closed = False

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send it; whoever gets the answer closes it.

        Raises:
            httpcore.PoolTimeout: there was no room in time.
        """
        timeout_s = request.extensions.get("timeout", {}).get("pool")
        if not self._room.acquire(timeout=timeout_s):
            raise httpcore.PoolTimeout
        connection = None
        try:
            connection = self._taken(request.url.origin)
            response = connection.handle_request(request)
        except BaseException:
            self._drop(connection)
            raise
        return httpcore.Response(
            status=response.status,
            headers=response.headers,
            content=_Body(response, lambda: self._give_back(request.url.origin, connection)),
            extensions=response.extensions,
        )

    def __exit__(self, *_: object) -> None:
        self.close()

    def idle(self) -> int:
        """How many connections wait."""
        with self._lock:
            return sum(map(len, self._idle.values()))

    def close(self) -> None:
        """Close what waits, and the others as soon as they are given back."""
        with self._lock:
            self._closed = True
            waiting = [one for idle in self._idle.values() for one in idle]
            self._idle.clear()
        for connection in waiting:
            connection.close()

    def _taken(self, origin: httpcore.Origin) -> httpcore.HTTPConnection:
        while (connection := self._last(origin)) is not None:
            if not connection.has_expired():
                return connection
            connection.close()
        return self._connection(origin)

    def _last(self, origin: httpcore.Origin) -> httpcore.HTTPConnection | None:
        with self._lock:
            return self._idle[str(origin)].pop() if self._idle[str(origin)] else None

    def _give_back(self, origin: httpcore.Origin, connection: httpcore.HTTPConnection) -> None:
        """Keep it, and let go of the one that has waited longest when it is of no use any more."""
        surplus = None
        with self._lock:
            idle = self._idle[str(origin)]
            keep = connection.is_idle() and not self._closed
            if keep:
                idle.append(connection)
            if keep and (len(idle) > self._kept or idle[0].has_expired()):
                surplus = idle.popleft()
        if surplus is not None:
            surplus.close()
        if keep:
            self._room.release()
        else:
            self._drop(connection)

    def _drop(self, connection: httpcore.HTTPConnection | None) -> None:
        try:
            if connection is not None:
                with suppress(httpcore.NetworkError):
                    connection.close()
        finally:
            self._room.release()


class _Body:
    """An answer's body; its end, or whatever keeps it from being read, frees the connection."""

    def __init__(self, response: httpcore.Response, free: Callable[[], object]) -> None:
        self._response = response
        self._free: Callable[[], object] | None = free

    def __iter__(self) -> Iterator[bytes]:
        stream = self._response.stream
        assert isinstance(stream, Iterable)  # noqa: S101  httpcore has one class for both kinds
        try:
            yield from stream
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Once."""
        free, self._free = self._free, None
        if free is not None:
            try:
                self._response.close()
            finally:
                free()
