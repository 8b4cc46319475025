"""Two who press at the same moment: a note counts once, a borrower is called by one, on each database."""

from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.cases.models import Case
from app.contacts.models import Approach, Attachment, Contact
from app.db import db
from app.fairness.models import BorrowerPhone
from tests.conftest import SignIn
from tests.web.test_contact_pages import AGANG, photo

AT_ONCE = 5


def case_number(app: Flask) -> int:
    app.config.update(WTF_CSRF_ENABLED=False, NOW="2023-12-05T10:30+08:00")
    written = select(Contact.borrower_id)
    free = Case.borrower_id.not_in(written)
    query = select(Case.id).where(Case.township_code == AGANG, Case.closed_on.is_(None), free)
    return db.session.scalars(query.order_by(Case.id)).all()[0]


def post(client: FlaskClient, path: str, **data: object) -> int:
    return client.post(path, data=data, content_type="multipart/form-data").status_code


def test_the_same_writing_sent_five_times_at_once_counts_once(demo_app: Flask, signed_in: SignIn) -> None:
    number = case_number(demo_app)
    clients = [signed_in("agang") for _ in range(AT_ONCE)]
    db.session.rollback()
    typed = {"channel": "call", "phone": "ledger", "disposition": "refuses", "key": "at-once"}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sent = [
            pool.submit(post, client, f"/cases/{number}/contacts", **typed, photo=photo())
            for client in clients
        ]
    assert [one.result() for one in sent] == [302] * AT_ONCE
    assert len(db.session.scalars(select(Contact).where(Contact.case_id == number)).all()) == 1
    assert len(db.session.scalars(select(Attachment)).all()) == 1
    assert len(db.session.scalars(select(BorrowerPhone)).all()) == 1


def test_of_both_lines_calling_at_once_one_is_refused(demo_app: Flask, signed_in: SignIn) -> None:
    number = case_number(demo_app)
    clients = [signed_in("agang"), signed_in("agang-bank")]
    db.session.rollback()
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(post, client, f"/cases/{number}/call", phone="ledger") for client in clients]
    assert sorted(one.result() for one in sent) == [302, 409]
    assert sorted(db.session.scalars(select(Approach.allowed))) == [False, True]
