"""The one module that knows httpx: clients with limits, and plain words for what went wrong.

Every other adapter imports `Client`, `Response` and the rest from here, so that the pinned version
is met in one place. No retries here: who may repeat a request is each adapter's own decision.
"""

from __future__ import annotations

import functools
import logging
import select
import socket
import ssl
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
from httpx import (
    BaseTransport,
    Client,
    ConnectError,
    HTTPError,
    MockTransport,
    PoolTimeout,
    ReadError,
    Request,
    Response,
    Timeout,
    TimeoutException,
    TransportError,
)

from canary.adapters.pool import EXPIRY_S, Pool
from canary.redaction import redacted

__all__ = [
    "BaseTransport",
    "Client",
    "ConnectError",
    "HTTPError",
    "MockTransport",
    "ReadError",
    "Request",
    "Response",
    "TransportError",
    "address",
    "client",
    "complaint",
    "excerpt",
    "is_url",
    "json_of",
    "never_sent",
    "sent_at",
    "timed_out",
    "timeouts",
    "transport",
    "transport_over",
    "trusting",
]

_EXCERPT = 200
_READ = httpx.ByteStream(b"")
_UNDECODED = "what it sent is not encoded as it says"

for _talkative in ("httpx", "httpcore"):  # they log URLs and hosts, and some are secrets
    logging.getLogger(_talkative).setLevel(logging.WARNING)


def client(
    *,
    base_url: str = "",
    timeout_s: float = 5.0,
    verify: ssl.SSLContext | bool = True,
    headers: Mapping[str, str] | None = None,
    transport: BaseTransport | None = None,
) -> Client:
    """A pooled, thread-safe client; `timeout_s` bounds each of connect, write and read.

    Redirects are not followed: an address that redirects is a wrong address, and a token must not
    travel. Proxies of the environment are honoured, as kubectl does.
    """
    return _Client(
        base_url=base_url,
        timeout=timeouts(timeout_s),
        verify=_publicly_trusted() if verify is True else verify,
        headers={"User-Agent": "canary", **(headers or {})},
        transport=transport,
    )


class _Client(Client):
    """Who answers what cannot be decoded has not answered; httpx says so with another error.

    Every answer is read before it is handed out.
    """

    def _init_transport(  # type: ignore[override]
        self,
        verify: ssl.SSLContext | bool = True,  # noqa: FBT001, FBT002  httpx's own signature
        transport: BaseTransport | None = None,
        **_: Any,
    ) -> BaseTransport:
        """What requests go through unless the environment has a proxy for them."""
        return transport or _pooled(verify=verify)

    def send(self, request: Request, **options: Any) -> Response:
        try:
            response = super().send(request, **options)
        except httpx.DecodingError as error:
            raise ReadError(_UNDECODED, request=request) from error
        # It has been read, and its stream knows it: without that it is freed with its last user,
        # not with the next search for cycles, which finds hundreds of kilobytes for each poll.
        response.stream = _READ
        return response


@functools.cache
def _publicly_trusted() -> ssl.SSLContext:
    """One for all clients: to read what is trusted takes longer than many a request."""
    return httpx.create_ssl_context()


def trusting(ca_certificate: str) -> ssl.SSLContext:
    """Trusts who this certificate (PEM) vouches for, and nobody else."""
    return ssl.create_default_context(cadata=ca_certificate)


def transport(verify: ssl.SSLContext) -> BaseTransport:
    """What a client sends with by default, for those who wrap it."""
    return _pooled(verify=verify)


def _pooled(
    *, verify: ssl.SSLContext | bool, backend: httpcore.NetworkBackend | None = None
) -> httpx.HTTPTransport:
    trusted = httpx.create_ssl_context(verify)
    made = httpx.HTTPTransport(verify=trusted)
    # The one place where httpx lets no other pool in; the version is pinned.
    made._pool = Pool(  # type: ignore[assignment]  # noqa: SLF001
        lambda origin: httpcore.HTTPConnection(
            origin, ssl_context=trusted, keepalive_expiry=EXPIRY_S, network_backend=backend
        )
    )
    return made


def transport_over(connect: Callable[[], socket.socket]) -> BaseTransport:
    """Plain HTTP over streams that `connect` opens, one for each connection of the pool.

    `connect` may raise OSError, which becomes a ConnectError.
    """
    return _pooled(verify=_publicly_trusted(), backend=_Streams(connect))  # it speaks no TLS


class _Streams(httpcore.NetworkBackend):
    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect

    def connect_tcp(self, *_args: Any, **_options: Any) -> httpcore.NetworkStream:
        try:
            return _Stream(self._connect())
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error


class _Stream(httpcore.NetworkStream):
    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(timeout)
        try:
            return self._socket.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """Whether the other side has closed an idle connection, which then is readable."""
        if info != "is_readable":
            return None
        poll = select.poll()
        poll.register(self._socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))


def timeouts(seconds: float) -> Timeout:
    """One bound for connecting, sending, waiting for an answer and for a free connection."""
    return Timeout(seconds)


def never_sent(error: TransportError) -> bool:
    """Whether the server cannot have seen the request, so that even a write may be repeated."""
    return isinstance(error, (ConnectError, PoolTimeout, httpx.ConnectTimeout))


def timed_out(error: TransportError) -> bool:
    """Whether the time allowed has passed."""
    return isinstance(error, TimeoutException)


def complaint(error: TransportError, timeout_s: float) -> str:
    """What went wrong, as the predicate of a sentence; never a URL, header or body.

    Examples: "did not answer within 5 s", "refused the connection".
    """
    if isinstance(error, TimeoutException):
        return f"did not answer within {timeout_s:g} s"
    cause = str(error)
    if "CERTIFICATE" in cause.upper():
        return f"has a certificate that is not trusted ({_tls_reason(cause)})"
    if isinstance(error, ConnectError):
        return _refusal(cause)
    if cause == _UNDECODED:
        return f"answered, but {cause}"
    return "closed the connection before it answered"


def _refusal(cause: str) -> str:
    if "refused" in cause.lower():
        return "refused the connection"
    unresolved = ("name or service not known", "nodename nor", "name resolution", "no address")
    if any(hint in cause.lower() for hint in unresolved):
        return "has a host name that does not resolve"
    return "could not be connected to"


def _tls_reason(cause: str) -> str:
    reason = cause.rsplit("failed: ", maxsplit=1)[-1]
    return reason.split(" (_ssl.c", maxsplit=1)[0]


def address(url: str) -> str:
    """Scheme, host and port of a URL: what may be shown of it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" if parts.scheme else host


def is_url(text: str) -> bool:
    """Whether it can be asked for something over HTTP."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        return False
    return url.scheme in {"http", "https"} and bool(url.host)


def json_of(response: Response) -> dict[str, Any]:
    """The body as a JSON object; {} when it is anything else."""
    try:
        value = response.json()
    except (ValueError, RecursionError):  # no JSON, or no end of it: the caller judges by status
        return {}
    return value if isinstance(value, dict) else {}


def sent_at(response: Response) -> float | None:
    """When the server says that it answered (unix seconds), None if it does not say."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
    except (ValueError, OverflowError):
        return None


def excerpt(response: Response) -> str:
    """The body's beginning on one line, for a message; half a URL could not be told from text."""
    text = " ".join(redacted(response.text).split())
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"
