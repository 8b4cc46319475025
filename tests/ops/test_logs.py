"""Logs: a number for each request, one object a line, and nothing of a person, whatever goes wrong."""

import io
import json
import logging
import sys
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app import logs
from app.accounts.access import requires
from app.accounts.rules import Permission
from app.db import db
from app.loans.models import Borrower
from app.places.models import Lender

pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])

NUMBER, PHONE, NAME = "530399198001010013", "15400000001", "计划外姓名"
PLANTED = (NUMBER, PHONE, NAME)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written to stderr as JSON."""
    written = io.StringIO()
    monkeypatch.setattr(logs.ToStderr, "stream", written)
    logs.configure(logs.JSON)
    yield written
    logs.configure(logs.TEXT)


def told(written: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture
def broken(app: Flask) -> Iterator[Flask]:
    """The login page fails, quoting what was typed and what stands in the database."""

    @requires(Permission.PUBLIC)
    def fail() -> str:
        try:
            int(f"{NUMBER} {NAME}")
        except ValueError as error:
            raise RuntimeError(f"{NAME} {PHONE}") from error
        return ""

    kept = app.view_functions["accounts.sign_in"]
    app.view_functions["accounts.sign_in"] = fail
    app.config["TESTING"] = app.config["PROPAGATE_EXCEPTIONS"] = False
    yield app
    app.view_functions["accounts.sign_in"] = kept


def test_a_request_has_a_number_in_and_out_and_in_the_log(app: Flask, lines: io.StringIO) -> None:
    client = app.test_client()
    given = uuid.uuid4().hex
    assert client.get("/login", headers={logs.HEADER: given}).headers[logs.HEADER] == given
    own = client.get("/login").headers[logs.HEADER]
    assert own != given and len(own) == 32
    first, second = told(lines)
    assert (first["request_id"], second["request_id"]) == (given, own)
    assert first["endpoint"] == "accounts.sign_in" and first["status"] == 200 and first["ms"]
    assert first["level"] == "info" and str(first["at"]).endswith("+00:00")


@pytest.mark.parametrize("given", ["", "x" * 32, NUMBER, "a" * 31, "a" * 33, "A" * 32, f"{'a' * 32}\tb"])
def test_a_number_of_another_form_is_not_taken(app: Flask, given: str) -> None:
    answer = app.test_client().get("/login", headers={logs.HEADER: given})
    assert answer.headers[logs.HEADER] != given


def test_signs_of_life_and_addresses_stay_out(app: Flask, lines: io.StringIO) -> None:
    client = app.test_client()
    client.get("/healthz")
    assert told(lines) == []
    client.get(f"/welcome/{NUMBER}?q={NAME}")
    client.get(f"/{NAME}")
    assert len(told(lines)) == 2
    assert not [one for one in PLANTED if one in lines.getvalue()]


@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_an_error_page_has_the_number_and_nothing_else(broken: Flask, language: str) -> None:
    answer = broken.test_client().get(f"/login?lang={language}")
    assert answer.status_code == 500
    assert answer.headers[logs.HEADER] in answer.text
    assert not [one for one in (*PLANTED, "RuntimeError", "Traceback") if one in answer.text]


def test_an_error_is_told_by_kind_and_place(broken: Flask, lines: io.StringIO) -> None:
    answer = broken.test_client().get("/login")
    (line,) = [one for one in told(lines) if "error" in one]
    assert line["request_id"] == answer.headers[logs.HEADER] and line["endpoint"] == "accounts.sign_in"
    first, cause = line["error"]  # type: ignore[misc]
    assert first["type"] == "builtins.RuntimeError" and cause["type"] == "builtins.ValueError"
    assert any(place.endswith(" fail") for place in cause["where"])
    assert not [one for one in PLANTED if one in lines.getvalue()]


def test_the_usual_log_would_have_told_all(broken: Flask) -> None:
    """The control: what the library writes without us."""
    written = io.StringIO()
    usual = logging.StreamHandler(written)
    logging.getLogger().addHandler(usual)
    try:
        broken.test_client().get("/login")
    finally:
        logging.getLogger().removeHandler(usual)
    assert NAME in written.getvalue() and NUMBER in written.getvalue()


def test_a_statement_is_told_without_its_values(app: Flask, lines: io.StringIO) -> None:
    session = db.session()
    session.add(Lender(name=NAME))
    session.commit()
    session.add_all([Lender(name=NAME), Borrower(name=NAME, id_number=NUMBER)])
    with pytest.raises(IntegrityError) as caught:
        session.commit()
    assert NAME not in str(caught.value)
    logging.getLogger("app").error("could not save", exc_info=caught.value)
    session.rollback()
    (line,) = told(lines)
    first = line["error"][0]  # type: ignore[index]
    assert first["sql"].startswith("INSERT INTO") and "app/" not in first["type"]
    assert not [one for one in PLANTED if one in lines.getvalue()]


def test_what_looks_like_a_number_of_a_person_is_struck_out(app: Flask, lines: io.StringIO) -> None:
    logging.getLogger("app.anything").warning("typed: %s, %s", NUMBER, PHONE)
    logging.getLogger("foreign").warning("batch 20231130 took 1776 rows")
    first, second = told(lines)
    assert first["message"] == "typed: ***, ***"
    assert second["message"] == "batch 20231130 took 1776 rows"


def test_foreign_code_that_tells_of_an_error_tells_no_address(app: Flask, lines: io.StringIO) -> None:
    try:
        raise ValueError(NAME)
    except ValueError:
        logging.getLogger("gunicorn.error").exception("Error handling request %s", f"/x?q={NAME}")
    (line,) = told(lines)
    assert line["message"] == "Error handling request %s" and NAME not in lines.getvalue()


def test_for_a_person_it_is_text(broken: Flask, lines: io.StringIO) -> None:
    logs.configure(logs.TEXT)
    answer = broken.test_client().get("/login")
    first, *rest = lines.getvalue().splitlines()
    assert f"a request failed endpoint=accounts.sign_in method=GET [{answer.headers[logs.HEADER]}]" in first
    assert any("RuntimeError" in line for line in rest) and any("test_logs.py" in line for line in rest)
    assert not [one for one in PLANTED if one in lines.getvalue()]


def test_each_line_is_one_object_whatever_is_said(app: Flask, lines: io.StringIO) -> None:
    logging.getLogger("app").warning("two\nlines\u2028and \x00 more")
    assert len(lines.getvalue().strip().split("\n")) == 1 and len(told(lines)) == 1


def test_what_ends_a_command_is_told_alike(app: Flask, lines: io.StringIO) -> None:
    try:
        raise ValueError(NAME)
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    (line,) = told(lines)
    assert line["level"] == "critical" and NAME not in lines.getvalue()
    logs.configure(logs.TEXT)
    assert sys.excepthook is sys.__excepthook__
