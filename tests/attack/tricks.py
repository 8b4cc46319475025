"""Headers, cookies, redirects, files, slow clients: one of each, and what must come of it."""

import io
import socket
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tests.attack.victim import HOST, PASSWORD, Log, Victim, Visitor

EVIL = "evil.example"


def headers(victim: Victim, log: Log) -> None:
    """A foreign host, forwarded addresses, methods in disguise, huge and broken headers."""
    for heads in (
        {"Host": EVIL}, {"X-Forwarded-Host": EVIL}, {"Forwarded": f"host={EVIL}"}, {"X-Original-URL": "/accounts/"},
        {"X-HTTP-Method-Override": "DELETE"}, {"X-Forwarded-For": "127.0.0.1, ::1"},
        {"Cookie": "session=" + "a" * 3000},
        {"Accept-Language": "x" * 2000}, {"Content-Type": "application/json"}, {"Range": "bytes=0-999999999999"},
        {"Content-Type": "multipart/form-data"}, {"X-Request-ID": "a" * 500}, {"If-None-Match": '"' * 99},
    ):  # fmt: skip
        for method, path in (("GET", "/login"), ("POST", "/login"), ("GET", "/bulletin/")):
            visitor = Visitor(victim.address, log)
            answer = visitor.ask(method, path, b"" if method == "POST" else None, heads, kind="header")
            if EVIL in answer.text or EVIL in str(answer.heads):
                log.find(f"header: {heads} comes back in the answer to {path}")
    for raw in (
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ):  # fmt: skip
        said = _raw(victim, raw)
        with log.lock:
            log.tried["raw"] += 1
        if b" 500 " in said.partition(b"\r\n")[0] + b" ":
            log.find(f"raw: {raw[:60]!r} -> 500")


def _raw(victim: Victim, content: bytes) -> bytes:
    with socket.create_connection((HOST, int(victim.address.rpartition(":")[2])), timeout=5) as made:
        try:
            made.sendall(content)
            return made.recv(4096)
        except OSError:
            return b""


def cookies(victim: Victim, log: Log) -> None:
    """A session that was changed, taken from another, or fixed beforehand is nobody's."""
    mine = Visitor(victim.address, log).sign_in("auditor")
    for changed in (
        mine.cookies["session"][:-3] + "abc",
        "." + mine.cookies["session"],
        "eyJfdXNlcl9pZCI6IjEifQ.x.y",
    ):
        thief = Visitor(victim.address, log)
        thief.cookies = {"session": changed}
        if thief.ask("GET", "/cases/", kind="cookie").status == 200:
            log.find(f"cookie: a changed session is let in: {changed[:40]}")
    fixed = Visitor(victim.address, log)
    fixed.ask("GET", "/login", kind="cookie")
    before = dict(fixed.cookies)
    fixed.sign_in("auditor")
    stale = Visitor(victim.address, log)
    stale.cookies = before
    if stale.ask("GET", "/cases/", kind="cookie").status == 200:
        log.find("cookie: the session from before the sign-in is signed in too")


def redirects(victim: Victim, log: Log) -> None:
    """After signing in nobody is led away."""
    for target in ("//evil.example", "/\\evil.example", "https://evil.example", "/%5cevil.example", "/\t/evil.example",
                   "javascript:alert(1)", "http:evil.example", "\\\\evil.example", "/../..//evil.example"):  # fmt: skip
        visitor = Visitor(victim.address, log)
        visitor.name = "redirect"
        visitor.ask("GET", f"/login?next={target}", kind="redirect")
        fields = [("username", "auditor"), ("password", PASSWORD), ("next", target)]
        visitor.send(f"/login?next={target}", fields, "redirect")


def hostile_files() -> Iterator[tuple[str, bytes]]:
    """Small to send, large or wrong to open."""
    yield "empty.xlsx", b""
    yield "program.xlsx", b"MZ" + b"\x00" * 500
    yield "page.jpg", b"<html><script>alert(1)</script>"
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", b" " * 60_000_000)
    yield "bomb.xlsx", bomb.getvalue()
    laughs = io.BytesIO()
    with zipfile.ZipFile(laughs, "w") as packed:
        entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><x>&a11;</x>')
        packed.writestr("word/document.xml", f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]><x>&a11;</x>')
        packed.writestr("../../evil.txt", "x")
    yield "laughs.xlsx", laughs.getvalue()
    yield "laughs.docx", laughs.getvalue()
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    yield "huge.png", b"\x89PNG\r\n\x1a\n" + chunk
    yield "script.pdf", b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"
    yield "=cmd|x.csv", "流水号,状态\n=1+1,成功\n".encode()
    yield "long.csv", b"a," * 2_000_000


def files(victim: Victim, log: Log, uploads: list[tuple[str, str]]) -> None:
    """Each hostile file to each place that takes one: ``uploads`` are (path, field)."""
    office = Visitor(victim.address, log).sign_in("office")
    office.ask("GET", "/ledger/", kind="file")
    for path, name in uploads:
        for filename, content in hostile_files():
            edge = "edge7"
            part = f"--{edge}\r\nContent-Disposition: form-data; name="
            token = f'{part}"csrf_token"\r\n\r\n{office.token}\r\n'
            head = f'{part}"{name}"; filename="{filename}"\r\n\r\n'
            body = b"".join(((token + head).encode(), content, f"\r\n--{edge}--\r\n".encode()))
            kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
            office.ask("POST", path, body, kind, kind="file")


def slow(victim: Victim, log: Log, clients: int = 3, seconds: float = 8.0) -> None:
    """A few clients that send a byte now and then keep nobody from a page; of many the proxy takes care."""
    port = int(victim.address.rpartition(":")[2])
    held = [socket.create_connection((HOST, port), timeout=5) for _ in range(clients)]
    for one in held:
        one.sendall(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n")
    end = time.monotonic() + seconds
    worst = 0.0
    while time.monotonic() < end:
        for one in held:
            with suppress(OSError):
                one.sendall(b"X: y\r\n")
        worst = max(worst, Visitor(victim.address, log).ask("GET", "/login", kind="beside slow clients").ms)
        time.sleep(0.3)
    for one in held:
        one.close()
    if worst > 5_000:
        log.find(f"slow clients: a page took {worst:.0f} ms beside them")


def load(victim: Victim, log: Log, people: int = 40, rounds: int = 15) -> None:
    """Ten times as many as usual at once."""

    def work(number: int) -> None:
        visitor = Visitor(victim.address, log).sign_in(("office", "leader", "agang", "auditor")[number % 4])
        for path in ("/", "/queue", "/cases/", "/bulletin/", "/measures/") * (rounds // 5):
            visitor.ask("GET", path, kind="load")

    with ThreadPoolExecutor(people) as pool:
        for done in [pool.submit(work, number) for number in range(people)]:
            done.result()
