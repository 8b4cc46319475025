"""A borrower's own file has everything, with a reason; what is to be corrected is open until it is settled."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry
from app.cases.models import Case
from app.fairness.actions import set_mark
from app.fairness.words import Mark
from app.trail.models import CorrectionRequest
from tests.loans.portfolio import collector
from tests.trail.conftest import PHONE, TODAY, another_county, moment
from tests.trail.test_retention import SECRET, message, records
from tests.trail.test_reveal import browser

SQLITE = pytest.mark.parametrize("db_kind", ["sqlite"])
ENGLISH = {"Accept-Language": "en"}


@SQLITE
def test_the_file_has_everything(app: Flask, session: Session, office: User, case: Case) -> None:
    records(session, case, office)
    message(session, case.borrower_id, TODAY, "k1")
    set_mark(session, case.borrower_id, Mark.ILLNESS, office, TODAY, "住院治疗")
    number, id_number, contract = case.borrower_id, case.borrower.id_number, case.loan.contract_no
    session.commit()
    client = browser(app, office)
    question = client.get(f"/borrowers/{number}/file")
    assert question.status_code == 200 and id_number not in question.text
    for reason in ("", "核对" + id_number):
        refused = client.post(f"/borrowers/{number}/file", data={"reason": reason}, headers=ENGLISH)
        assert refused.status_code == 422 and contract not in refused.text
    made = client.post(f"/borrowers/{number}/file", data={"reason": "本人申请查阅"}, headers=ENGLISH)
    assert made.status_code == 200 and "no-store" in made.headers["Cache-Control"]
    for kept in (
        id_number,
        PHONE,
        contract,
        SECRET,
        "住院治疗",
        "提醒",
        "photo.png",
        "本人申请查阅",
        "Made by office",
    ):
        assert kept in made.text, kept
    (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "trail.file"))
    assert entry.entity_id == str(number) and entry.detail == {"reason": "本人申请查阅"}


@SQLITE
def test_a_correction_is_open_until_it_is_settled(
    app: Flask, session: Session, office: User, case: Case
) -> None:
    number = case.borrower_id
    client = browser(app, office)
    given = {"subject": "phone", "asked_on": TODAY.isoformat(), "wanted": "号码改为 15400009999"}
    for wrong, sentence in (
        ({"wanted": ""}, "Write what should stand there"),
        ({"wanted": "长" * 401}, "At most"),
        ({"asked_on": ""}, "Choose the day"),
        ({"asked_on": "2023-11-09"}, "still to come"),
        ({"subject": "mood"}, "Not a valid choice"),
    ):
        refused = client.post(f"/borrowers/{number}/corrections", data=given | wrong, headers=ENGLISH)
        assert refused.status_code == 422 and sentence in refused.text, wrong
    assert client.post(f"/borrowers/{number}/corrections", data=given).status_code == 302
    made = session.scalars(select(CorrectionRequest)).one()
    assert "15400009999" in client.get("/borrowers/corrections").text
    settle = f"/borrowers/corrections/{made.id}"
    name = f"settle-{made.id}-"
    assert client.post(settle, data={f"{name}outcome": "corrected", f"{name}answer": ""}).status_code == 422
    answer = {f"{name}outcome": "corrected", f"{name}answer": "已改，已电话告知"}
    assert client.post(settle, data=answer).status_code == 302
    again = client.post(settle, data=answer, headers=ENGLISH)
    assert again.status_code == 422 and "settled this request already" in again.text
    assert "已改，已电话告知" in client.get("/borrowers/corrections").text
    told = [e.detail for e in session.scalars(select(AuditEntry).where(AuditEntry.action.like("trail.%")))]
    assert told == [{"request": made.id, "subject": "phone"}, {"request": made.id, "outcome": "corrected"}]


@SQLITE
def test_only_the_office_and_only_its_own(app: Flask, session: Session, office: User, case: Case) -> None:
    there, own = another_county(session).borrower_id, case.borrower_id
    leader = collector(session, "530324", "leader", role=Role.LEADER, printed_since=moment("2023-01-01"))
    session.commit()
    reason = {"reason": "本人申请查阅"}
    assert browser(app, office).post(f"/borrowers/{there}/file", data=reason).status_code == 404
    assert browser(app, leader).post(f"/borrowers/{own}/file", data=reason).status_code == 403
    assert browser(app, leader).get("/retention/").status_code == 403
    client = browser(app, office)
    assert client.get("/retention/").status_code == 200
    for until, status in (("", 400), ("x", 400), ("2023-11-08", 302), ("2018-11-08", 302)):
        assert client.post("/retention/", data={"until": until}).status_code == status
