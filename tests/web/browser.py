"""A browser for tests: each request in a context of its own, as a server gives it; and a page's words."""

import re
from collections.abc import Callable
from contextvars import Context
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import db

_UNSEEN = {"script", "style", "title", "noscript", "option"}
_WORD = re.compile(r"[A-Za-z]{4,}")
_NO_TRANSLATION = {"xlsx", "flask", "worker", "English"}


class Browser:
    """``get`` and ``post`` see only what was committed, and leave nothing behind in the test's session."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, status: int = 200) -> str:
        return self._open("GET", path, status).text

    def post(self, path: str, status: int = 302, follow: bool = False, **data: Any) -> str:
        """The page that came back, or with ``follow`` the one it led to."""
        answer = self._open("POST", path, status, data=data)
        return self.get(answer.headers["Location"]) if follow else answer.text

    def answer(self, method: str, path: str, **options: Any) -> TestResponse:
        db.session.rollback()
        send: Callable[[], TestResponse] = lambda: self._client.open(  # noqa: E731
            path, method=method, buffered=True, **options
        )
        return Context().run(send)

    def _open(self, method: str, path: str, status: int, **options: Any) -> TestResponse:
        answer = self.answer(method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code}, not {status}"
        return answer


class _Words(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._unseen = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        self.said += [
            value for name, value in attrs if name in ("aria-label", "data-label", "data-unit") and value
        ]

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.said.append(data)


def words(html: str) -> str:
    """What a person reads or hears of a page, in one line."""
    return " ".join(" ".join(_Words(html).said).split())


def english_in(html: str, *names: str) -> set[str]:
    """English words on a page that should be Chinese; ``names`` are data that may stand there."""
    text = words(html)
    for name in names:
        text = text.replace(name, " ")
    return set(_WORD.findall(text)) - _NO_TRANSLATION
