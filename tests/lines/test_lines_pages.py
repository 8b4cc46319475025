"""Entering lines: by the page, by a pasted table, by commands; and where they are seen."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit import AuditEntry
from app.db import db
from app.lines.models import LineValue
from app.lines.queries import line_book, lines_by_month, lines_for
from app.lines.rules import LineKind
from tests.commands import runner
from tests.conftest import SignIn

COUNTY, AGANG = "530324", "530324106"
OCTOBER, NOVEMBER = date(2023, 10, 31), date(2023, 11, 30)
TOLD = {"provincial": "1.50", "provincial-source": "省局通报", "provincial-on": "2023-12-04"}


@pytest.fixture
def client(demo_app: Flask, signed_in: SignIn) -> FlaskClient:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    return signed_in("office")


def test_the_demonstration_has_lines_for_each_month(demo_app: Flask) -> None:
    session = db.session()
    found = lines_for(session, COUNTY, NOVEMBER)
    assert (found.provincial_rate, found.prefectural_rate) == (Decimal("2.09"), Decimal("2.70"))
    assert (found.rank, found.of, found.yellow, found.red) == (8, 9, Decimal(5), Decimal(10))
    assert "虚构" in found.source(LineKind.PROVINCIAL)
    assert lines_for(session, AGANG, NOVEMBER).rank is None
    assert lines_for(session, AGANG, NOVEMBER).provincial_rate == Decimal("2.09")
    assert lines_for(session, "530325", NOVEMBER).held == {}
    months = lines_by_month(session, COUNTY, [OCTOBER, NOVEMBER])
    assert [months[m].provincial_rate for m in (OCTOBER, NOVEMBER)] == [Decimal("2.18"), Decimal("2.09")]
    assert line_book(session, COUNTY, NOVEMBER).at(AGANG).red == Decimal(10)


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "wrong",
    [
        {"provincial": "much"},
        {"provincial-source": ""},
        {"provincial-on": "soon"},
        {"provincial-on": "2024-01-01"},  # after the business date
        {"rank": "10/9"},
        {"yellow": "20", "red": "5"},
    ],
)
def test_what_is_wrong_is_said_and_stays_typed(client: FlaskClient, wrong: dict[str, str]) -> None:
    before = db.session.scalar(select(LineValue.rate).where(LineValue.month == NOVEMBER))
    answer = client.post(f"/lines/?region={COUNTY}&month=2023-11&lang=en", data=TOLD | wrong)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Nothing has been saved" in text
    assert all(f'value="{value}"' in text for value in (TOLD | wrong).values() if value)
    db.session.rollback()
    assert db.session.scalar(select(LineValue.rate).where(LineValue.month == NOVEMBER)) == before


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_saving_replaces_what_was_there_and_leaves_a_trail(client: FlaskClient) -> None:
    path = f"/lines/?region={COUNTY}&month=2023-11&lang=en"
    assert client.post(path, data=TOLD).status_code == 302
    found = lines_for(db.session(), COUNTY, NOVEMBER)
    assert (found.provincial_rate, found.prefectural_rate, found.rank) == (Decimal("1.50"), None, None)
    assert found.yellow == Decimal(5)  # from January on; not this month's own
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.actor == "office")).all()
    assert {(e.action, e.detail["kind"]) for e in entries if e.entity == "region"} >= {
        ("lines.set", "provincial"), ("lines.remove", "prefectural"), ("lines.remove", "rank")
    }  # fmt: skip
    assert client.post(path, data=TOLD).status_code == 302
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.actor == "office")).all()) == len(
        entries
    )


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_a_pasted_table_is_taken_whole_or_not_at_all(client: FlaskClient) -> None:
    good = "罗平县,2023-10,全省平均,1.99,省局通报,2023-11-07"
    path = f"/lines/import?region={COUNTY}&lang=en"
    bad = client.post(path, data={"pasted": f"{good}\n无名县,2023-10,黄牌,5,x,2023-11-07"})
    assert bad.status_code == 422
    assert "无名县" in bad.get_data(as_text=True)
    assert lines_for(db.session(), COUNTY, OCTOBER).provincial_rate == Decimal("2.18")
    assert client.post(path, data={"pasted": ""}).status_code == 422
    assert client.post(path, data={"pasted": good}).status_code == 302
    assert lines_for(db.session(), COUNTY, OCTOBER).provincial_rate == Decimal("1.99")


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_who_may_enter_and_who_may_read(demo_app: Flask, signed_in: SignIn) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    for user in ("leader", "agang", "auditor"):
        assert signed_in(user).get(f"/lines/?region={AGANG}").status_code == 200
        assert signed_in(user).post(f"/lines/?region={AGANG}", data=TOLD).status_code == 403
    assert signed_in("agang").get("/lines/?region=530324102").status_code == 404
    assert signed_in("office").get("/lines/?month=2023-13").status_code == 404
    assert signed_in("office").post("/lines/?region=53", data=TOLD).status_code == 404  # read, not set


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_the_bulletin_marks_each_township(client: FlaskClient) -> None:
    text = client.get("/bulletin/?month=2023-10&lang=en").get_data(as_text=True)
    table = text[text.index('id="overdue-table"') :]
    marks = dict.fromkeys(("阿岗镇", "富乐镇", "九龙街道", "老厂乡"), "")
    for name in marks:
        row = table[table.index(f">{name}<") :]
        marks[name] = row[: row.index("</tr>")].rpartition("Against the lines")[2]
    assert "Red card" in marks["阿岗镇"]
    assert "Yellow card" in marks["富乐镇"]
    assert "Above the provincial average" in marks["九龙街道"]
    assert "Not above" in marks["老厂乡"]


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_commands(demo_app: Flask, tmp_path: Path) -> None:
    run = runner(demo_app)
    base = ["lines", "set", COUNTY, "provincial"]
    told = ["--month", "2023-10", "--source", "省局", "--dated", "2023-11-07", "--as", "office"]
    assert run(*base, "1.75", *told).exit_code == 0
    assert run(*base, "1.755", *told).exit_code == 1
    shown = run("lines", "show", "--region", COUNTY, "--month", "2023-10", "--json")
    values = {line["kind"]: line["value"] for line in json.loads(shown.stdout)["lines"]}
    assert values["provincial"] == "1.75"
    file = tmp_path / "lines.csv"
    file.write_bytes(
        "地区,月份,项目,数值,来源,日期\n罗平县,2023-10,红牌,9,省局,2023-11-07\n".encode("gb18030")
    )
    assert run("lines", "import", file, "--region", COUNTY).exit_code == 0
    assert lines_for(db.session(), COUNTY, OCTOBER).red == Decimal(9)
    file.write_text("罗平县,2023-10,红牌,很高 1,省局,2023-11-07\n", "utf-8")
    assert run("lines", "import", file).exit_code == 1
    told = json.loads(run("forecast", "--region", COUNTY, "--json").stdout)
    assert [month["month"] for month in told["months"]] == ["2023-12", "2024-01", "2024-02"]
    assert set(told["months"][0]["roll"]) == {"rate_pct", "low", "high"}
    assert len(told["backtest"]) == 2
    assert run("forecast", "--region", "999999").exit_code == 1
