"""Known numbers are planted, everything that may go wrong goes wrong, and then they are looked for everywhere."""

import logging
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import AuditEntry
from app.db import db
from app.loans.models import Borrower
from app.trail.models import CorrectionRequest
from tests.intake.world import OCTOBER, take
from tests.ledger.factory import ledger_row
from tests.trail.conftest import TODAY
from tests.trail.test_reveal import ask, browser

ID_NUMBER, HEAD, PHONE = "530399198001010018", "530399198001010026", "15467891234"
PLANTED = (ID_NUMBER, HEAD, PHONE)
PASSWORD = "the wrong password 9931"


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def found_in(content: bytes) -> list[str]:
    return [one for one in (*PLANTED, PASSWORD) if one.encode() in content]


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_planted_numbers_are_nowhere(
    app: Flask,
    session: Session,
    office: User,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    session.commit()
    take(session, [ledger_row(contract_no="HT-1", id_number=ID_NUMBER, head_id=HEAD, phone=PHONE)], OCTOBER)
    session.commit()
    client = browser(app, office)
    borrower = session.scalars(select(Borrower).where(Borrower.id_number == ID_NUMBER)).one()
    number = borrower.id
    assert borrower.phone == PHONE  # the control: it was planted
    shown = ask(client, number)
    assert PHONE in shown.text  # the one page that may
    form = {"subject": "phone", "asked_on": TODAY.isoformat(), "wanted": PHONE}
    assert client.post(f"/borrowers/{number}/corrections", data=form).status_code == 302
    assert session.scalars(select(CorrectionRequest)).one().wanted == PHONE
    pages = [ask(client, number, reason="?", why=PHONE), client.get(f"/{PHONE}")]
    paths = ("/trail/", f"/trail/borrower/{number}", f"/borrowers/{number}/number", "/retention/", "/")
    pages += [client.get(path) for path in paths]
    pages.append(client.post("/login", data={"username": PHONE[:3], "password": PASSWORD}))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for broken, status in (
        (OperationalError("SELECT", {"phone": PHONE}, Exception("gone")), 503),
        (RuntimeError("broken"), 500),
    ):
        with monkeypatch.context() as patch:

            def fail(*_: object, error: Exception = broken) -> None:
                raise error

            patch.setattr("app.trail.person_pages.reveal", fail)
            pages.append(ask(client, number))
            assert pages[-1].status_code == status
    for page in pages:
        assert not found_in(page.data), page.request.path
    session.rollback()
    told = " ".join(str((e.actor, e.entity_id, e.detail)) for e in session.scalars(select(AuditEntry)))
    assert not found_in(told.encode()) and "办理续贷" in told
    log = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    assert not found_in(log.encode()), log
    session.rollback()
    kept = files_of(Path(app.instance_path))
    assert any(name.endswith((".db", ".db-wal")) for name in kept)
    assert not {name: found_in(content) for name, content in kept.items() if found_in(content)}


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_number_in_clear_is_found(app: Flask, session: Session, caplog: pytest.LogCaptureFixture) -> None:
    """The control: in the database's file, in a log, on a page."""
    session.execute(text("INSERT INTO setting (key, value) VALUES ('planted', :n)"), {"n": ID_NUMBER})
    session.commit()
    db.engine.dispose()
    assert any(found_in(content) == [ID_NUMBER] for content in files_of(Path(app.instance_path)).values())
    logging.getLogger("app").error("called %s", PHONE)
    assert found_in(caplog.text.encode()) == [PHONE]
    assert found_in(f"<p>{HEAD}</p>".encode()) == [HEAD]
