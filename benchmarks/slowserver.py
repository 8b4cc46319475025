"""A provider on loopback that takes every message after a fixed delay, and costs as little as a server can.

``python -m benchmarks.slowserver ADDRESS_FILE DELAY_MS``: one process, no threads; ``GET /`` tells how many messages it
took, and when the first and the last of them came (seconds), then forgets them.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LENGTH = b"content-length:"


class Server:
    def __init__(self, delay: float) -> None:
        self.delay, self.taken, self.count = delay, 0, 0
        self.first = self.last = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH)]
                await reader.readexactly(int(lengths[0][len(_LENGTH) :]) if lengths else 0)
                writer.write(self.told() if head.startswith(b"GET / ") else await self.take())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def take(self) -> bytes:
        self.first = self.first or time.time()
        await asyncio.sleep(self.delay)
        self.taken, self.count, self.last = self.taken + 1, self.count + 1, time.time()
        return _answer(201, {"sid": f"SM{self.count:032x}", "status": "queued"})

    def told(self) -> bytes:
        answer = _answer(200, {"taken": self.taken, "seconds": self.last - self.first})
        self.taken, self.first, self.last = 0, 0.0, 0.0
        return answer


def _answer(status: int, content: dict[str, object]) -> bytes:
    body = json.dumps(content).encode()
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


async def main(address: str, delay: str) -> None:
    server = await asyncio.start_server(Server(float(delay) / 1000).serve, "127.0.0.1", 0, backlog=256)
    port = server.sockets[0].getsockname()[1]
    Path(address).write_text(f"http://127.0.0.1:{port}")  # noqa: ASYNC240 - before anybody is served
    await server.serve_forever()


class Slow:
    """The running server, from outside."""

    def __init__(self, url: str) -> None:
        self.url = url

    def taken(self) -> tuple[int, float]:
        """How many messages it took since this was last asked, and in how many seconds."""
        with urllib.request.urlopen(self.url + "/", timeout=30) as answer:
            told = json.load(answer)
        return int(told["taken"]), float(told["seconds"])


@contextmanager
def slow_server(folder: Path, delay_ms: int) -> Iterator[Slow]:
    address = folder / f"slow-{time.monotonic_ns()}"
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.slowserver", str(address), str(delay_ms)])
    try:
        while not (address.exists() and address.read_text()):
            time.sleep(0.02)
        yield Slow(address.read_text())
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
