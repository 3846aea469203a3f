"""A provider's process ends when nobody can ask it for anything any more."""

from __future__ import annotations

import socket
import threading

import pytest

from canary.adapters.process.orphan import Calls


def test_only_the_last_call_of_an_orphan_ends_it() -> None:
    ends: list[int] = []
    calls = Calls(lambda: f"127.0.0.1:{_closed_port()}", ends.append)
    with calls.one():
        with calls.one():
            pass
        assert ends == []
    assert ends == [1]


def test_a_failing_call_is_a_call() -> None:
    ends: list[int] = []
    calls = Calls(lambda: f"127.0.0.1:{_closed_port()}", ends.append)
    with pytest.raises(ZeroDivisionError), calls.one():
        print(1 / 0)
    assert ends == [1]


def test_while_the_engine_lives_so_does_its_provider() -> None:
    ends: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as engine:
        accepting = threading.Thread(target=engine.accept, daemon=True)
        accepting.start()
        with Calls(lambda: f"127.0.0.1:{engine.getsockname()[1]}", ends.append).one():
            pass
        accepting.join(5)
    assert ends == []


def test_without_an_address_nothing_is_concluded() -> None:
    ends: list[int] = []
    with Calls(lambda: "-q", ends.append).one():
        pass
    assert ends == []


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
