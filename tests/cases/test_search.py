"""Searching: what is typed is understood, found within the scope only, and kept nowhere."""

import logging

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit import AuditEntry
from app.cases.models import Case
from app.cases.search import Wanted, understand
from app.db import db
from app.fairness.models import BorrowerPhone
from app.loans.initials import initials
from app.loans.models import Borrower
from app.today import now
from tests.conftest import SignIn
from tests.desk.quiet import account, hush
from tests.web.browser import Browser, english_in, words

INVENTED_ID = "530399199001011234"


@pytest.fixture
def plain_app(demo_app: Flask) -> Flask:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    return demo_app


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", []),
        (" 陈 ", []),
        ("x", []),
        ("\0", []),
        ("陈小", [Wanted(name="陈小")]),
        ("阿岗 陈", [Wanted(name="陈", place="阿岗"), Wanted(name="阿岗", place="陈")]),
        ("CXM", [Wanted(initials="cxm")]),
        ("５３０３９９１９９００１０１１２３x", [Wanted(id_number="53039919900101123X")]),
        ("530399 19900101 1234", [Wanted(id_number=INVENTED_ID)]),
        ("+86 154-0000-0001", [Wanted(phone="15400000001"), Wanted(contract="+86 154-0000-0001")]),
        ("HT-2021/7", [Wanted(contract="HT-2021/7")]),
    ],
)
def test_what_a_text_may_mean(text: str, meant: list[Wanted]) -> None:
    assert understand(text) == meant


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("陈小明", "cxm"),
        ("单雄", "sx"),
        ("曾国", "zg"),
        ("仇英", "qy"),
        ("李单", "ld"),
        ("令狐冲", "lhc"),
        ("", ""),
        ("A·买买提", "ammt"),
    ],
)
def test_initials(name: str, read: str) -> None:
    assert initials(name) == read


def ways(number: int) -> dict[str, str]:
    found = db.session.get_one(Case, number)
    who, loan = found.loan.borrower, found.loan
    village = loan.village.name if loan.village else loan.township.name
    return {
        "name": who.name,
        "start": who.name[:2],
        "initials": initials(who.name),
        "id": who.id_number,
        "contract": loan.contract_no,
        "village": f"{village} {who.name}",
        "phone": who.phone or who.id_number,
    }


def test_every_way_finds_the_case_and_only_within_the_scope(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    for way, text in ways(number).items():
        page = Browser(signed_in("agang")).post("/search", status=200, q=text)
        assert way in ("start", "initials", "name") or f'href="/cases/{number}"' in page, way
        assert 'href="/cases/' in page and english_in(page) == set(), way
        elsewhere = Browser(signed_in("jiulong")).post("/search", status=200, q=text)
        assert f'href="/cases/{number}"' not in elsewhere
    Browser(signed_in("admin")).post("/search", status=403, q="陈小")
    assert "data-search" not in Browser(signed_in("admin")).get("/accounts/")


def test_a_number_that_a_collector_added_finds_too(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    borrower = db.session.get_one(Case, number).borrower_id
    db.session.add(BorrowerPhone(borrower_id=borrower, number="15400099999", added_at=now()))
    db.session.commit()
    assert f'href="/cases/{number}"' in Browser(signed_in("agang")).post(
        "/search", status=200, q="154 0009 9999"
    )


@pytest.mark.parametrize(("q", "said"), [("", "您要查找谁"), ("陈", "太短"), ("查无此人", "没有匹配")])
def test_nothing_is_told_in_a_sentence(plain_app: Flask, signed_in: SignIn, q: str, said: str) -> None:
    reader = Browser(signed_in("agang"))
    assert said in words(reader.post("/search", status=200, q=q))
    assert q in reader.post("/search/suggest", status=200, q=q) or q
    assert "您要查找谁" in words(reader.get("/search"))


def test_what_was_looked_for_is_kept_nowhere(
    plain_app: Flask, signed_in: SignIn, caplog: pytest.LogCaptureFixture
) -> None:
    text = ways(hush()[0])["id"]
    before = len(db.session.scalars(select(AuditEntry.id)).all())
    with caplog.at_level(logging.DEBUG):
        answer = Browser(signed_in("agang")).answer("POST", "/search", data={"q": text})
        suggested = Browser(signed_in("agang")).answer("POST", "/search/suggest", data={"q": text})
    assert answer.headers["Cache-Control"] == suggested.headers["Cache-Control"] == "no-store"
    assert text not in caplog.text and "Location" not in answer.headers
    assert len(db.session.scalars(select(AuditEntry.id)).all()) == before
    assert f"q={text}" not in answer.text


def test_the_import_keeps_the_initials(plain_app: Flask) -> None:
    rows = db.session.execute(select(Borrower.name, Borrower.initials)).all()
    assert rows and all(row.initials == initials(row.name) for row in rows)
    assert account("agang").id
