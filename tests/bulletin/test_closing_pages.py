"""The pages of the month close in the demonstration county: what each reader sees, what comes back when refused."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.bulletin.models import CheckSettled, Erratum, LenderTotal, MonthClose
from app.bulletin.rules import CloseState
from app.db import db
from app.today import now
from tests.conftest import SignIn
from tests.intake.world import LENDER
from tests.ledger.factory import COUNTY

pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])
OCTOBER, NOVEMBER = "/months/2023-10", "/months/2023-11"


@pytest.fixture
def office(demo_app: Flask, signed_in: SignIn) -> Iterator[FlaskClient]:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    yield signed_in("office")
    demo_app.config["WTF_CSRF_ENABLED"] = True


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def post(client: FlaskClient, path: str, status: int = 302, **form: str) -> str:
    answer = client.post(path, data=form, headers={"Accept-Language": "en"})
    assert answer.status_code == status, answer.get_data(as_text=True)[:500]
    db.session.expire_all()
    return answer.get_data(as_text=True)


def test_a_month_is_settled_closed_and_opened_again(office: FlaskClient, signed_in: SignIn) -> None:
    text = page(office, NOVEMBER)
    assert "2 open" in text and "/close" not in text
    kinds = set(re.findall(r'name="kind" value="(\w+)"', text))
    assert kinds == {"missing", "reported"}
    for kind in kinds:
        assert f"{NOVEMBER}/loans?kind={kind}" in text
        assert "Open the list" in text and page(office, f"{NOVEMBER}/loans?kind={kind}")
    back = post(office, f"{NOVEMBER}/settle", 422, kind="missing", key="", reason=" ")
    assert "Say why this is in order" in back and 'aria-invalid="true"' in back
    assert "2 items are open" in post(office, f"{NOVEMBER}/close", 422)
    for kind in kinds:
        post(office, f"{NOVEMBER}/settle", kind=kind, key="", reason="银行已书面说明")
    settled = page(office, NOVEMBER)
    assert settled.count("银行已书面说明") == 2 and f'action="{NOVEMBER}/close?region={COUNTY}"' in settled
    post(office, f"{NOVEMBER}/close")
    (close,) = db.session.scalars(select(MonthClose)).all()
    closed = page(office, NOVEMBER)
    assert close.digest in closed and "What is frozen" in closed
    assert "frozen when the month was closed" in page(office, "/bulletin/?month=2023-11")
    assert "frozen" not in page(office, "/bulletin/?month=2023-10"), "control: that month is open"
    assert "Say why the month" in post(office, f"{NOVEMBER}/reopen", 422, reason="")
    post(office, f"{NOVEMBER}/reopen", reason="农商行更正")
    mine = page(office, NOVEMBER)
    assert "农商行更正" in mine and "/agree" not in mine
    assert "You asked for it yourself" in post(office, f"{NOVEMBER}/agree", 422)
    other = signed_in("leader")
    assert "/agree" in page(other, NOVEMBER)
    post(other, f"{NOVEMBER}/agree")
    assert db.session.scalars(select(MonthClose.state)).all() == [CloseState.REOPENED]
    assert "2 open" not in page(office, NOVEMBER), "what was settled stays settled"


def test_what_has_changed_since_is_told(office: FlaskClient) -> None:
    post(office, f"{OCTOBER}/close")
    (close,) = db.session.scalars(select(MonthClose)).all()
    db.session.add(
        Erratum(close_id=close.id, region_code=COUNTY, month=close.month, place_code=COUNTY, figure="target", old=1,
                new=2, cause={"msgid": "Loans were decided about afterwards."}, found_at=now())
    )  # fmt: skip
    db.session.commit()
    assert "1 figure changed" in page(office, "/months/")
    text = page(office, OCTOBER)
    assert "out of date" in text and "Loans were decided about afterwards." in text
    close.published_at = now()
    db.session.commit()
    published = page(office, OCTOBER)
    assert "out of date" not in published and "told as an erratum" in published and "/reopen" not in published
    assert "told as an erratum" in post(office, f"{OCTOBER}/reopen", 422, reason="更正")


def test_a_lenders_own_sums(office: FlaskClient) -> None:
    who = re.findall(r'<option value="(\d+-\d+)"', page(office, OCTOBER))[0]
    back = post(office, f"{OCTOBER}/totals", 422, who=who, loans="viele", stock="12")
    assert "Give a number of loans." in back and 'value="viele"' in back and 'value="12"' in back
    post(office, f"{OCTOBER}/totals", 404, who="77-530325", loans="1")
    post(office, f"{OCTOBER}/totals", who=who, loans="1", stock="2.50")
    (kept,) = db.session.scalars(select(LenderTotal)).all()
    assert (kept.loans, kept.stock, kept.overdue, kept.entered_by) == (1, 250, None, "office")
    assert f"{LENDER} says otherwise" in page(office, OCTOBER)


def test_who_sees_what(office: FlaskClient, signed_in: SignIn) -> None:
    auditor = page(signed_in("auditor"), NOVEMBER)
    assert "2 open" in auditor and 'method="post"' not in auditor.split("<main", 1)[1], (
        "reads, and changes nothing"
    )
    assert "Townships are closed with their county" in page(signed_in("agang"), OCTOBER)
    page(signed_in("agang"), f"{OCTOBER}?region={COUNTY}", 404)
    page(signed_in("agang-bank"), "/months/", 404)
    for path in ("/months/2023-1x", f"{OCTOBER}?region=530325", f"{OCTOBER}/loans?kind=totals",
                 f"{OCTOBER}/loans?kind=risen&after=-1", f"{OCTOBER}?region=x"):  # fmt: skip
        page(office, path, 404)
    post(office, f"{OCTOBER}/settle", 404, kind="none", key="", reason="x")
    post(office, "/months/2024-03/close", 422)
    assert db.session.scalars(select(CheckSettled)).all() == []
