"""The attack in a small form, and that it can find something."""

import http.client
import random
import re
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests.attack import fuzz, regexes
from tests.attack.__main__ import attack
from tests.attack.victim import MARK, Answer, Log, Visitor

STRICT = "default-src 'none'"
CASES = [
    (500, "", STRICT, "", "-> 500"),
    (200, "Traceback (most recent call last)", STRICT, "", "details of the program"),
    (200, f"<script src=//x/{MARK}>", STRICT, "", "as markup"),
    (200, "", "", "", "no strict"),
    (200, "", "default-src 'unsafe-inline'", "", "no strict"),
    (302, "", STRICT, "//evil.example/", "sent to"),
    (302, "", STRICT, "https://evil.example/", "sent to"),
]


@pytest.mark.parametrize(("status", "text", "policy", "to", "said"), CASES)
def test_what_no_answer_may_show_is_found(status: int, text: str, policy: str, to: str, said: str) -> None:
    heads = http.client.HTTPMessage()
    heads["Content-Type"] = "text/html"
    for name, value in (("Content-Security-Policy", policy), ("Location", to)):
        if value:
            heads[name] = value
    log = Log()
    log.judge("control", "GET /", Answer(status, heads, text, 1.0))
    assert len(log.findings) == 1 and said in log.findings[0]


def test_an_answer_as_it_should_be_is_no_finding() -> None:
    heads = http.client.HTTPMessage()
    heads["Content-Type"], heads["Content-Security-Policy"], heads["Location"] = (
        "text/html",
        STRICT,
        "/cases/",
    )
    log = Log()
    log.judge("control", "GET /", Answer(302, heads, f"&lt;script src=//x/{MARK}", 1.0))
    assert log.findings == []


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def broken() -> Iterator[str]:
    """A site with one form whose handler falls over at anything that is no number."""

    def serve(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size).decode()
        broken = environ["REQUEST_METHOD"] == "POST" and not re.search(r"amount=\d+(&|$)", body)
        start(
            "500 x" if broken else "200 x",
            [("Content-Type", "text/html"), ("Content-Security-Policy", STRICT)],
        )
        return [b"<form method=post action=/pay><input name=amount value=5></form>"]

    server = make_server("127.0.0.1", 0, serve, handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_planted_weakness_is_found_by_the_walk_and_its_forms(broken: str) -> None:
    log = Log()
    visitor = Visitor(broken, log)
    forms, _ = fuzz.walk(visitor, 5)
    assert [form.fields for form in forms] == [(("amount", "5"),)]
    rng = random.Random(1)
    for _ in range(10):
        fuzz._form(visitor, rng, forms)
    assert any("-> 500" in finding for finding in log.findings)


def test_every_expression_of_the_program_stays_quick_and_a_slow_one_is_found() -> None:
    assert regexes.slow_ones(regexes.patterns()) == []
    slow = re.compile(r"\s*a?\s*b?\s*$")
    assert regexes.slow_ones(iter([("control", slow)])) != []


@pytest.mark.slow
def test_a_short_attack_finds_nothing(tmp_path: Path) -> None:
    log, _ = attack("sqlite", 150, 1, tmp_path, short=True)
    assert log.findings == [] and sum(log.tried.values()) > 800
