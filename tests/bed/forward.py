"""Lets a test of this machine's network talk to an address inside a bed, through loopback.

A thread can join another network namespace for itself; a socket keeps the namespace it was made
in. So each connection is opened by a thread that has stepped inside, and carried on outside.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bed.errors import BedError

if TYPE_CHECKING:
    from collections.abc import Iterator

CLONE_NEWNET = 0x40000000
CONNECT_S = 5.0
CHUNK_BYTES = 65536


@contextmanager
def forwarded(pid: int, host: str, port: int) -> Iterator[int]:
    """A loopback port that leads to `host:port` as the process `pid` sees it; closed at the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, pid, host, port), daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):  # wakes the thread that waits in accept
                server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, pid: int, host: str, port: int) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:  # closed: the block has ended
            return
        threading.Thread(target=_carry, args=(client, pid, host, port), daemon=True).start()


def _carry(client: socket.socket, pid: int, host: str, port: int) -> None:
    """Carry one connection in both directions until both ends have said all."""
    with client:
        try:
            step_inside(pid)
            inner = socket.create_connection((host, port), CONNECT_S)
        except (OSError, BedError):  # the caller sees its connection closed
            return
        with inner:
            inner.settimeout(None)
            back = threading.Thread(target=_pump, args=(inner, client), daemon=True)
            back.start()
            _pump(client, inner)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # one end was torn down: so will the other be
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def step_inside(pid: int) -> None:
    """Move this thread, and no other, into the network of a process."""
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise BedError(f"cannot enter the bed's network ({reason}): run as root")
    finally:
        os.close(descriptor)
