"""One HTTP exchange on a connection of its own, over within a deadline whatever the other side does. Pure of the web.

Connecting is kept apart from the exchange: what fails before a byte was sent is ``NeverSent``, all else is ``Lost``.
No pooling (a reset on a kept-alive connection makes a good send unknown), no retries, no redirects.
"""

import contextlib
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
    connection = _connection(where.scheme, where.hostname or "", where.port, min(seconds, CONNECT_SECONDS))
    try:
        connection.connect()
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        connection.close()
        raise NeverSent(_named(error)) from None
    watch = threading.Timer(max(ends - time.monotonic(), 0.001), _cut, (connection.sock,))
    watch.daemon = True
    watch.start()
    try:
        path = where.path + (f"?{where.query}" if where.query else "")
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read(MOST_BYTES)
        if not answer.isclosed() and answer.read(1):
            raise Lost("the answer is too long")
        return Answer(answer.status, content, dict(answer.getheaders()))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Lost("no answer in time" if time.monotonic() >= ends else _named(error)) from None
    finally:
        watch.cancel()
        connection.close()


def _connection(scheme: str, host: str, port: int | None, timeout: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout)


def _cut(sock: socket.socket) -> None:
    """Ends a read that dribbles: each byte would otherwise begin a new timeout."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
