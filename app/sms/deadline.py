"""One HTTP exchange on a connection of its own, over within a deadline whatever the other side does. Pure of the web.

Connecting is kept apart from the exchange: what fails before a byte was sent is ``NeverSent``, all else is ``Lost``.
No pooling (a reset on a kept-alive connection makes a good send unknown), no retries, no redirects.
"""

import contextlib
import functools
import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0
MOST_BYTES = 4 << 20


class NeverSent(Exception):
    """Nothing left this machine."""


class Lost(Exception):
    """The request may have arrived; its answer did not."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]


def exchange(method: str, url: str, headers: dict[str, str], body: bytes | None, seconds: float) -> Answer:
    """Ask and read the whole answer within ``seconds``. Raises NeverSent, Lost."""
    ends = time.monotonic() + seconds
    where = urlsplit(url)
    secure, host = where.scheme == "https", where.hostname or ""
    connection = _connection(secure, host, where.port)
    raw = _connected(host, connection.port, secure, min(seconds, CONNECT_SECONDS))
    watch = threading.Timer(max(ends - time.monotonic(), 0.001), _cut, (raw,))
    watch.daemon = True
    watch.start()
    try:
        _shake_hands(raw, ends)
        connection.sock = raw
        path = where.path + (f"?{where.query}" if where.query else "")
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read(MOST_BYTES)
        if answer.length or (not answer.isclosed() and answer.read(1)):  # a short read raises nothing
            raise Lost("the answer is cut short, or far too long")
        return Answer(answer.status, content, dict(answer.getheaders()))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Lost("no answer in time" if time.monotonic() >= ends else _named(error)) from None
    finally:
        watch.cancel()
        connection.close()
        raw.close()


def _connection(secure: bool, host: str, port: int | None) -> http.client.HTTPConnection:
    if secure:
        return http.client.HTTPSConnection(host, port, context=_trust())
    return http.client.HTTPConnection(host, port)


def _connected(host: str, port: int, secure: bool, timeout: float) -> socket.socket:
    try:
        raw = socket.create_connection((host, port), timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return (
            _trust().wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False) if secure else raw
        )
    except (OSError, UnicodeError, ValueError) as error:
        raise NeverSent(_named(error)) from None


def _shake_hands(raw: socket.socket, ends: float) -> None:
    """The last step in which nothing of the request has left; a name may have taken long to resolve, too."""
    try:
        if isinstance(raw, ssl.SSLSocket):
            raw.do_handshake()
    except (OSError, ValueError, AttributeError) as error:
        raise NeverSent(_named(error)) from None
    if time.monotonic() >= ends:
        raise NeverSent("connecting took too long")
    raw.settimeout(max(ends - time.monotonic(), 0.001))


@functools.cache
def _trust() -> ssl.SSLContext:
    """Loaded once: it reads every root certificate of the machine."""
    return ssl.create_default_context()


def _cut(sock: socket.socket) -> None:
    """Ends a read that dribbles: each byte would otherwise begin a new timeout."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, whose own would write


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
