"""How a process that the Pulumi engine starts lives and ends; both stand-ins share it."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import grpc


def serve(server: grpc.Server, *, on_interrupt: Callable[[], None]) -> None:
    """Print the port, then serve until the engine closes us or dies.

    The engine closes a plugin with SIGINT to its process group. When the engine is killed, only the
    end of standard input tells: the call that is running then is left to finish by itself.
    """
    over = threading.Event()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        on_interrupt()
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    threading.Thread(target=_await_end_of_input, args=(over,), daemon=True).start()
    print(port, flush=True)
    over.wait()
    server.stop(grace=None)


def _await_end_of_input(over: threading.Event) -> None:
    while os.read(0, 4096):
        pass  # the engine sends nothing; only the end matters
    over.set()
