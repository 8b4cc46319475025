"""The program as deploy/ starts it, and people at it: each a thread with a connection and cookies of its own."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from flask import Flask

from app.accounts import sessions
from app.accounts.access import TOKEN
from app.accounts.devices import Source
from app.accounts.models import User
from app.config import Settings
from app.db import db

QUEUE, CASE, NOTE, LEADER = "queue", "case", "saving a note", "everybody's queues"
_START_SECONDS = 60
_CASE_LINK = re.compile(r'href="/cases/(\d+)\?via=queue')
_TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
_KEY = re.compile(r'name="key"[^>]* value="([^"]+)"')


@contextmanager
def served(settings: Settings, environ: dict[str, str]) -> Iterator[int]:
    """gunicorn with the program's own configuration on a free port, which is yielded."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        number = listening.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "python:deploy.gunicorn_config", "-b", f"fd://{number}"],
            env={**os.environ, "QINGSHOU_INSTANCE_PATH": str(settings.instance), **environ},
            pass_fds=[number],
        )
        try:
            port = listening.getsockname()[1]
            _wait(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_SECONDS)
        try:
            connection.request("GET", "/static/none")
            connection.getresponse()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError("the server does not start")


@dataclass
class Person:
    """Somebody signed in, and how long each thing took (ms)."""

    port: int
    cookies: dict[str, str]
    spent: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, what: str, path: str, form: dict[str, str] | None = None) -> str:
        """Open a page, or send a form; its text. Raises where the answer is neither a page nor a way on."""
        body = urlencode(form) if form is not None else None
        heads = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        heads |= {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_START_SECONDS)
        start = time.perf_counter()
        try:
            connection.request("POST" if body is not None else "GET", path, body, heads)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        self.spent.setdefault(what, []).append((time.perf_counter() - start) * 1000)
        if answer.status != (302 if body is not None else 200):
            raise RuntimeError(f"{path} answered {answer.status}")
        for cookie in answer.msg.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return text

    def work(self, rounds: int) -> None:
        """Open the queue, open its first case, write a note on it, and again."""
        for _ in range(rounds):
            number = first_case(self.ask(QUEUE, "/queue"))
            page = self.ask(CASE, f"/cases/{number}?via=queue")
            self.ask(NOTE, f"/cases/{number}/contacts", note(page))


def first_case(queue: str) -> str:
    """The number of the first case of a queue's page. Raises where there is none: the queue has run empty."""
    found = _CASE_LINK.search(queue)
    if found is None:
        raise RuntimeError("the queue is empty")
    return found[1]


def note(page: str) -> dict[str, str]:
    """A visit, written into the form of a case's page."""
    token, key = _TOKEN.search(page), _KEY.search(page)
    if token is None or key is None:
        raise RuntimeError("no form for a note on the page")
    sent = {"csrf_token": token[1], "key": key[1], "channel": "visit", "disposition": "refuses"}
    return sent | {"text": "说年底卖了牛再还"}


def people(app: Flask, port: int, users: Sequence[int]) -> list[Person]:
    """The accounts signed in at the server, whose key the application shares."""
    found = []
    for number in users:
        token = sessions.begin(db.session(), db.session.get_one(User, number), Source())
        db.session.commit()
        client = app.test_client()
        with client.session_transaction() as cookies:
            cookies[TOKEN] = token
        cookie = client.get_cookie("session")
        assert cookie is not None
        found.append(Person(port, {"session": cookie.value}))
    return found


def together(crowd: Sequence[Person], rounds: int) -> None:
    """All of them work at once, without a pause: harder than life."""
    with ThreadPoolExecutor(len(crowd)) as pool:
        for done in [pool.submit(one.work, rounds) for one in crowd]:
            done.result()
