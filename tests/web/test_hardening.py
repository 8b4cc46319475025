"""What every answer carries, and what the server does not take: a foreign name, a large body, a forged address."""

import io
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from app.accounts import throttle
from app.accounts.access import PUBLIC_BYTES
from app.accounts.actions import add_user
from app.accounts.devices import Source
from app.accounts.models import Throttle
from app.accounts.rules import Role
from app.config import ConfigError, Settings
from app.db import db
from tests.conftest import Instances, SignIn

SQLITE = pytest.mark.parametrize("db_kind", ["sqlite"])
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@SQLITE
@pytest.mark.parametrize("path", ["/", "/cases/", "/me", "/bulletin/annex.xlsx", "/no-such-page", "/login"])
def test_every_page_is_for_this_site_and_this_moment_alone(signed_in: SignIn, path: str) -> None:
    response = signed_in("office").get(path)
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in response.headers, "only behind TLS"


@SQLITE
def test_a_static_file_is_what_it_says(demo_app: Flask) -> None:
    from app.web import asset

    with demo_app.test_request_context():
        path = asset("app.css")
    response = demo_app.test_client().get(path)
    assert response.status_code == 200 and response.headers["X-Content-Type-Options"] == "nosniff"


# Names, TLS and proxies
@pytest.fixture
def behind_tls(instances: Instances) -> Iterator[Flask]:
    made = instances.make("sqlite")
    environ = {
        "QINGSHOU_INSTANCE_PATH": str(made.instance),
        "QINGSHOU_PUBLIC_URL": "https://qingshou.example",
        "QINGSHOU_HOSTS": "10.1.2.3, Qingshou.county",
        "QINGSHOU_PROXIES": "1",
    }
    app = create_app(Settings.load(environ))
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        add_user(db.session(), username="root", name="", role=Role.ADMIN, password="a long enough one")
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()
    instances.drop(made)


def test_behind_tls_cookies_and_pages_insist_on_it(behind_tls: Flask) -> None:
    client = behind_tls.test_client()
    through = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7", "Host": "qingshou.example"}
    response = client.post(
        "/login?lang=en", data={"username": "root", "password": "a long enough one"}, headers=through
    )
    cookies = response.headers.getlist("Set-Cookie")
    assert response.status_code == 302 and len(cookies) == 3
    for cookie in cookies:
        assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
        assert cookie.startswith(("__Host-session=", "__Host-device=", "lang=")) and "Domain" not in cookie
    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("qingshou.example", True), ("10.1.2.3", True), ("qingshou.county", True), ("localhost:8000", True),
        ("127.0.0.1:8000", True), ("evil.example", False), ("qingshou.example.evil", False),
        ("sub.qingshou.example", False),
        ("localhost.evil", False),
        ("127.0.0.1@evil.example", False), ("", False),
    ],
)  # fmt: skip
def test_the_server_answers_to_its_own_names_alone(behind_tls: Flask, host: str, known: bool) -> None:
    response = behind_tls.test_client().get("/login", headers={"Host": host})
    assert response.status_code == (200 if known else 400)
    if not known:
        assert "evil" not in response.text and "QINGSHOU_HOSTS" in response.text


def test_an_address_that_the_visitor_claims_is_not_taken(behind_tls: Flask) -> None:
    """One proxy is trusted: of a forged list, only what it added itself counts."""
    seen: list[str | None] = []

    @behind_tls.before_request
    def look() -> None:
        seen.append(request.remote_addr)

    behind_tls.test_client().get("/login", headers={"X-Forwarded-For": "127.0.0.1, 203.0.113.7"})
    assert seen == ["203.0.113.7"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QINGSHOU_HOSTS", "a b"), ("QINGSHOU_HOSTS", "*"), ("QINGSHOU_HOSTS", "x/y"), ("QINGSHOU_HOSTS", ".evil"),
        ("QINGSHOU_PROXIES", "-1"), ("QINGSHOU_PROXIES", "6"), ("QINGSHOU_PROXIES", "one"), ("QINGSHOU_PUBLIC_URL", "http://county.example"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_stops_the_start(instances: Instances, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Settings.load({"QINGSHOU_INSTANCE_PATH": str(instances.folder / "never"), name: value})


# Sizes
@SQLITE
@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/login", PUBLIC_BYTES + 1, 413),
        ("/login", PUBLIC_BYTES // 2, 200),
        ("/welcome/x", PUBLIC_BYTES + 1, 404),
    ],
)
def test_a_form_that_anybody_may_send_is_small(demo_app: Flask, path: str, size: int, status: int) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    data = "username=office&password=" + "x" * (size - 25)
    kind = "application/x-www-form-urlencoded"
    response = demo_app.test_client().post(path, data=data, content_type=kind)
    assert response.status_code in (status, 413)


@SQLITE
def test_a_body_is_not_read_before_it_is_known_who_sends_it(demo_app: Flask) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

        readline = read  # type: ignore[assignment]

    for path in ("/ledger/", "/cases/1/contacts"):
        response = demo_app.test_client().post(
            path, input_stream=Unread(), content_length=10**8, content_type="multipart/form-data; boundary=x"
        )
        assert response.status_code == 302 and response.location == "/login"


@SQLITE
def test_a_form_without_a_file_is_no_larger_than_a_form(demo_app: Flask, signed_in: SignIn) -> None:
    large = "text=" + "x" * (demo_app.config["MAX_FORM_MEMORY_SIZE"] + 1)
    response = signed_in("office").post(
        "/cases/1/contacts", data=large, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 413


# Fifty guesses at once are fifty guesses
@pytest.mark.parametrize("db_kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_guesses_at_once_are_counted_one_by_one(app: Flask, session: Session) -> None:
    allowed: list[bool] = []

    def guess() -> None:
        with app.app_context():
            counted = throttle.count(db.session(), "password", "office", Source("10.0.0.1"))
            db.session.commit()
            allowed.append(counted.wait is None)
            db.session.remove()

    threads = [Thread(target=guess) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == 20 and sum(allowed) == throttle.FREE_ATTEMPTS
    assert max(session.scalars(select(Throttle.failures))) == throttle.FREE_ATTEMPTS


def test_what_no_column_can_hold_is_refused_as_a_page(app: Flask) -> None:
    """PostgreSQL takes no NUL in a text, and no number beyond its columns."""
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.post("/login", data={"username": "a\x00b", "password": "x"})
    assert answer.status_code in (400, 403, 422) and "Traceback" not in answer.text
    assert client.get(f"/cases/{2**63}").status_code == 404
