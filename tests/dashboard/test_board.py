"""The dashboards: the same numbers as the bulletin, each a door to what it is made of, for whoever may see it."""

import re
from datetime import date
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.actions import add_user
from app.accounts.models import User
from app.accounts.rules import EVERYTHING, Role, Scope
from app.bulletin.figures import FigureRow
from app.bulletin.queries import figures
from app.db import db
from app.money import wan
from app.outlook.queries import ageing
from app.outlook.rules import narrowed
from app.places.models import Branch
from tests.conftest import SignIn, enter
from tests.desk.counting import statements

COUNTY, AGANG, BANQIAO = "530324", "530324106", "530324102"
NOVEMBER = date(2023, 11, 30)
pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)


def page(signed_in: SignIn, path: str, user: str = "office") -> str:
    answer = signed_in(user).get(path + ("&" if "?" in path else "?") + "lang=en")
    assert answer.status_code == 200, path
    return unescape(answer.get_data(as_text=True))


def tiles(text: str) -> dict[str, tuple[str, str, str]]:
    """Name, rate and note of each tile, by name."""
    found = re.findall(
        r'class="tile mark-(\w+)".*?tile-name">([^<]+)<.*?tile-value">([^<]+)<.*?tile-note">([^<]+)<',
        text,
        re.DOTALL,
    )
    return {name: (mark, rate, " ".join(note.split())) for mark, name, rate, note in found}


def headline(text: str) -> list[str]:
    return re.findall(r'<span class="figure-value">([^ <]+)', text)[:4]


def expected(row: FigureRow) -> list[str]:
    return [wan(row.stock_fen), wan(row.new_fen), wan(row.overdue_fen), str(row.overdue_rate_pct)]


def test_a_county_has_the_numbers_of_its_bulletin(signed_in: SignIn, demo_app: Flask) -> None:
    found = figures(db.session(), COUNTY, NOVEMBER)
    for path in ("/board/", "/overview"):
        text = page(signed_in, path)
        shown = tiles(text)
        assert {name: rate for name, (_, rate, _) in shown.items()} == {
            row.name: f"{row.overdue_rate_pct}%" for row in found.rows
        }
        for row in found.rows:
            assert ("Cleared" if row.cleared else wan(row.overdue_fen)) in shown[row.name][2]
        marks = {name: mark for name, (mark, _, _) in shown.items()}
        assert (marks["阿岗镇"], marks["富乐镇"], marks["九龙街道"], marks["马街镇"]) == (
            "danger",
            "warn",
            "above",
            "good",
        )
        assert "Red card" in shown["阿岗镇"][2]  # a word, not the colour alone
    assert headline(page(signed_in, "/board/")) == expected(found.total)


@pytest.mark.parametrize("by", ["township", "branch"])
def test_a_township_and_a_branch_have_theirs(signed_in: SignIn, demo_app: Flask, by: str) -> None:
    session = db.session()
    branch = session.scalars(select(Branch).where(Branch.name.like("阿岗%"))).one()
    seen = narrowed(EVERYTHING, AGANG) if by == "township" else Scope(COUNTY, branch.id)
    region = AGANG if by == "township" else COUNTY
    query = f"region={AGANG}" if by == "township" else f"branch={branch.id}"
    user = "agang" if by == "township" else "agang-bank"
    total = figures(session, region, NOVEMBER, seen).total
    assert total.overdue_fen > 0
    for text in (page(signed_in, f"/board/?{query}"), page(signed_in, "/board/", user)):
        assert headline(text) == expected(total)


def test_days_past_due_add_up_to_the_bulletin(demo_app: Flask) -> None:
    found = figures(db.session(), COUNTY, NOVEMBER)
    for row in (found.total, *found.rows):
        aged = ageing(db.session(), narrowed(EVERYTHING, row.code), NOVEMBER)
        assert sum(one.fen for one in aged) == row.overdue_fen, row.name
        assert sum(one.loans for one in aged) == row.overdue_loans, row.name


@pytest.mark.parametrize(
    ("user", "path"),
    [
        ("office", "/board/"),
        ("agang", "/board/"),
        ("agang-bank", "/board/"),
        ("auditor", f"/board/?region={AGANG}"),
    ],
)
def test_every_number_opens_its_list(signed_in: SignIn, user: str, path: str) -> None:
    text = page(signed_in, path, user)
    main = text[text.index('<div class="board">') :]
    links = set(re.findall(r'href="(/[^"#]+)"', main))
    assert len(links) > 12
    for href in sorted(links):
        assert signed_in(user).get(href).status_code == 200, href


def test_the_list_of_a_bucket_adds_up_to_it(signed_in: SignIn, demo_app: Flask) -> None:
    bucket = next(one for one in ageing(db.session(), EVERYTHING, NOVEMBER) if one.stage.value == "31-90")
    text = page(signed_in, f"/outlook/loans?late=31-90&month=2023-11&region={COUNTY}")
    assert f">{wan(bucket.fen)} " in text
    assert text.count('data-label="Category"') == min(bucket.loans, 50)


@pytest.mark.parametrize(
    ("user", "query"),
    [
        ("agang", f"region={BANQIAO}"),
        ("office", "region=530325"),
        ("office", "region=x"),
        ("office", "branch=999999"),
        ("office", "branch=x"),
        ("agang-bank", "branch=1"),
    ],
)
def test_what_is_not_theirs_is_not_there(signed_in: SignIn, demo_app: Flask, user: str, query: str) -> None:
    own = db.session.scalars(select(Branch.id).where(Branch.name.like("阿岗%"))).one()
    assert own != 1
    for path in ("/board/", "/board/cases"):
        assert signed_in(user).get(f"{path}?{query}&state=open").status_code == 404


def test_a_collector_still_begins_with_the_queue(signed_in: SignIn) -> None:
    assert signed_in("agang").get("/").headers["Location"] == "/queue"


def count(signed_in: SignIn, path: str) -> int:
    client = signed_in("office")
    client.get(path)
    with statements() as said:
        assert client.get(path).status_code == 200
    return len([one for one in said if one.lstrip().upper().startswith(("SELECT", "WITH"))])


def test_the_number_of_statements_does_not_grow_with_the_townships(
    signed_in: SignIn, record_property: object
) -> None:
    overview, county = count(signed_in, "/overview"), count(signed_in, "/board/")
    assert overview <= 40
    assert county <= 45
    assert abs(county - count(signed_in, f"/board/?region={AGANG}")) <= 3


def test_before_the_first_ledger_there_is_a_page(app: Flask) -> None:
    add_user(
        db.session(),
        username="office",
        name="办",
        role=Role.OFFICE,
        password="a-long-password",
        region_code=COUNTY,
    )
    db.session.commit()
    account = db.session.scalars(select(User).where(User.username == "office")).one()
    client = enter(app.test_client(), account)
    for path in ("/board/", "/outlook/", "/outlook/forecast", "/outlook/fewest", "/lines/", "/overview"):
        answer = client.get(path + "?lang=en")
        assert answer.status_code == 200, path
        assert "Traceback" not in answer.get_data(as_text=True)
    assert "No ledger yet" in client.get("/board/?lang=en").get_data(as_text=True)
