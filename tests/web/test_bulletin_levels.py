"""The bulletin's pages at every level and size: a prefecture's counties, a thousand townships, what was received."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from app.accounts.actions import add_user
from app.accounts.rules import Role
from app.bulletin.models import FigureCache
from app.bulletin.narrative import basic_situation_text
from app.bulletin.queries import figures
from app.bulletin.received import take_received
from app.db import db
from app.loans.queries import bump_revision, ledger_revision
from app.places.models import Region
from app.places.rules import Level
from tests.bulletin.test_received import DIGEST, OTHER, fuyuan, manifest, row
from tests.conftest import enter
from tests.intake.world import OCTOBER, SEPTEMBER, take
from tests.ledger.factory import AGANG, COUNTY, ledger_row

pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])
BIG = ("530397", "530398")
EACH = 999  # as many as codes have room for
AsReader = Callable[[str], FlaskClient]


@pytest.fixture
def reader(app: Flask) -> AsReader:
    def sign_in(region: str) -> FlaskClient:
        made = add_user(
            db.session(), username=f"u{region}", name="读", role=Role.OFFICE, password="long-enough-9",
            region_code=region,
        )  # fmt: skip
        db.session.commit()
        return enter(app.test_client(), made)

    return sign_in


@contextmanager
def counted() -> Iterator[list[str]]:
    heard: list[str] = []

    def listen(_c: object, _u: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        yield heard
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)


def fill(session: Session) -> None:
    """Two counties of 999 townships each, with figures of two months."""
    bump_revision(session, SEPTEMBER)
    revision = ledger_revision(session)
    places: list[dict[str, Any]] = [
        {"code": c, "parent_code": "5303", "level": Level.COUNTY, "name": f"县{c}", "short": f"县{c}"}
        for c in BIG
    ]
    codes = [(c, f"{c}{number:03d}") for c in BIG for number in range(1, EACH + 1)]
    places += [
        {"code": at, "parent_code": c, "level": Level.TOWNSHIP, "name": f"乡{at}", "short": f"乡{at}"}
        for c, at in codes
    ]
    session.execute(insert(Region), places)
    session.execute(
        insert(FigureCache),
        [
            {
                "township_code": at, "month": month, "revision": revision, "as_of": month, "stock_households": 2,
                "stock": 1000, "new_households": 1, "new": 500, "overdue_households": 1, "overdue": 10,
                "overdue_loans": 1,
            }
            for _, at in codes
            for month in (SEPTEMBER, OCTOBER)
        ],
    )  # fmt: skip
    session.commit()


def test_two_thousand_townships(app: Flask, session: Session, reader: AsReader) -> None:
    fill(session)
    client = reader("5303")
    spent = {}
    for region, rows in ((BIG[0], EACH), ("5303", 3)):
        with counted() as heard:
            page = client.get(f"/bulletin/?month=2023-10&region={region}")
        assert page.status_code == 200
        found = figures(session, region, OCTOBER)
        assert len(found.rows) == rows
        spent[region] = len(heard)
    assert figures(session, "5303", OCTOBER).total.stock_fen == 2 * EACH * 1000
    assert spent[BIG[0]] <= spent["5303"]  # a thousand rows cost as many statements as three


def test_a_prefecture_and_a_province_read_their_own(app: Flask, session: Session, reader: AsReader) -> None:
    take(session, [ledger_row(township_code=AGANG, balance=50_000_000, overdue=1_000_000)], OCTOBER)
    session.commit()
    for region, whole, below in (("5303", "全市", "罗平县"), ("53", "全省", "曲靖市")):
        client = reader(region)
        page = client.get("/bulletin/?month=2023-10").get_data(as_text=True)
        text = basic_situation_text(figures(session, region, OCTOBER))
        assert whole in text and f"{below}1户50.00万元" in text
        assert whole in page and below in page
        assert client.get(f"/bulletin/annex.xlsx?month=2023-10&region={region}").status_code == 200
        assert "10000.00" in client.get(f"/bulletin/bridge?month=2023-10&region={region}").get_data(
            as_text=True
        )


def test_what_was_received_is_marked_and_says_whose_it_is(
    app: Flask, session: Session, reader: AsReader
) -> None:
    take(session, [ledger_row(township_code=AGANG, balance=500)], OCTOBER)
    take_received(session, fuyuan(), DIGEST, "office")
    take_received(session, manifest(COUNTY, "罗平县", [row(AGANG, "阿岗镇", 999)]), "b" * 64, "office")
    session.commit()
    client = reader("5303")
    page = client.get("/bulletin/?month=2023-10&lang=en").get_data(as_text=True)
    assert "富乡振联发〔2023〕9号" in page and page.count('<span class="sub">received</span>') == 3
    assert "A bundle tells otherwise" in page
    loans = client.get(f"/bulletin/loans?figure=stock&month=2023-10&region={OTHER}").get_data(as_text=True)
    assert "The loans behind them are not here" in loans and "富乡振联发〔2023〕9号" in loans
    assert "/bulletin/loans" in page


def test_a_month_of_bundles_alone(app: Flask, session: Session, reader: AsReader) -> None:
    take_received(session, fuyuan(), DIGEST, "office")
    session.commit()
    client = reader("5303")
    for path in ("", "loans?figure=overdue&", "bridge?", "changes?", "bridge/loans?term=new&", "annex.xlsx?"):
        address = f"/bulletin/{path}{'' if path else '?'}month=2023-10&region={OTHER}"
        assert client.get(address).status_code == 200, address


def test_bad_addresses(app: Flask, session: Session, reader: AsReader) -> None:
    take(session, [ledger_row(balance=500, overdue=5)], OCTOBER)
    session.commit()
    client = reader(COUNTY)
    for path in (
        "changes?against=tomorrow", "changes?month=2024-01", "bridge?month=abc", "bridge?region=530325",
        "bridge/loans?term=lost", "bridge/loans?term=new&after=x", "loans?figure=rate", "loans?figure=stock&after=-1",
    ):  # fmt: skip
        assert client.get(f"/bulletin/{path}").status_code == 404, path
    assert client.get("/bulletin/bridge/loans?term=new").status_code == 200


def test_every_figure_of_the_page_opens_its_loans(app: Flask, session: Session, reader: AsReader) -> None:
    rows = [
        ledger_row(balance=70_000_000, overdue=700_000, principal=90_000_000, disbursed_on=date(2023, 2, 1))
    ]
    take(session, rows, OCTOBER)
    session.commit()
    client = reader(COUNTY)
    page = client.get("/bulletin/?month=2023-10").get_data(as_text=True)
    for figure in ("stock", "new", "overdue", "overdue_rate", "mean"):
        assert f"figure={figure}&amp;region={AGANG}&amp;month=2023-10" in page, figure
    rate = client.get(f"/bulletin/loans?figure=overdue_rate&region={AGANG}&month=2023-10").get_data(
        as_text=True
    )
    assert "1.00" in rate and "7000.00" in rate and f"figure=stock&amp;region={AGANG}" in rate
