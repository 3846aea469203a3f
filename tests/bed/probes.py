"""Is a component ready? One short question over HTTP or a Unix socket."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

ANSWER_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Either `unix` (a socket that must accept) or `url` (that must answer 200 with `contains`)."""

    unix: str = ""
    url: str = ""
    token_file: str = ""
    contains: str = ""

    def plain(self) -> dict[str, str]:
        """As JSON takes it."""
        return asdict(self)

    def passes(self) -> bool:
        """Ask once, at most ANSWER_S seconds; no answer is no."""
        try:
            return self._accepted() if self.unix else self._answered()
        except (OSError, ValueError):  # refused, timed out, not yet HTTP: not ready
            return False

    def _accepted(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_S)
            client.connect(self.unix)
        return True

    def _answered(self) -> bool:
        request = urllib.request.Request(self.url)
        if self.token_file:
            token = Path(self.token_file).read_text().strip()
            request.add_header("Authorization", f"Bearer {token}")
        with _loopback().open(request, timeout=ANSWER_S) as answer:
            return self.contains in answer.read().decode()


@cache
def _loopback() -> urllib.request.OpenerDirector:
    """No proxy, and no check of certificates, half of which the components make up themselves."""
    context = ssl._create_unverified_context()  # noqa: S323
    direct = urllib.request.ProxyHandler({})
    return urllib.request.build_opener(direct, urllib.request.HTTPSHandler(context=context))
