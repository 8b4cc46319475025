"""The disposal ledger as a workbook: bad files first, then out and back again, and what a change becomes."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from app.audit import AuditEntry
from app.cases.models import Case
from app.db import db
from app.remedies.models import Disposal
from app.remedies.rules import Cause, Route
from app.today import now
from tests.conftest import SignIn
from tests.desk.quiet import account, hush
from tests.web.browser import Browser, english_in, words

HEADS = ["序号", "案件号", "乡镇（街道）", "行政村", "借款人", "合同号", "逾期金额", "逾期天数", "逾期原因"]
FIRST = 4  # the first row of cases, as Excel counts


@pytest.fixture
def plain_app(demo_app: Flask) -> Flask:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    return demo_app


def taken(client: FlaskClient, query: str = "") -> Any:
    answer = client.post(f"/disposal/export{query}")
    assert answer.status_code == 200, answer.text
    return load_workbook(BytesIO(answer.data))


def brought(client: FlaskClient, book: Any, status: int = 200) -> str:
    stream = BytesIO()
    book.save(stream)
    return sent(client, stream.getvalue(), status)


def sent(client: FlaskClient, content: bytes, status: int = 200) -> str:
    answer = client.post("/disposal/import", data={"file": (BytesIO(content), "台账.xlsx")})
    assert answer.status_code == status, answer.text
    return answer.text


def sealed(page: str) -> str:
    return page.split('name="changes" value="', 1)[1].split('"', 1)[0]


def columns(sheet: Any) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[3]}


def rows(sheet: Any) -> dict[int, int]:
    """The row of each case."""
    return {
        row[1].value: row[0].row for row in sheet.iter_rows(min_row=FIRST) if isinstance(row[1].value, int)
    }


def kept(number: int) -> Disposal | None:
    db.session.expire_all()
    return db.session.get(Disposal, number)


def undisposed(numbers: list[int]) -> None:
    db.session.execute(Disposal.__table__.delete().where(Disposal.case_id.in_(numbers)))
    db.session.commit()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "空"), (b"%PDF-1.7", "PDF"), (b"PK\x03\x04 nothing", "损坏"), (b"x" * (5 * 1024 * 1024 + 1), "5 MB"),
     (b"a,b\n1,2\n", "案件号")],
)  # fmt: skip
def test_what_is_no_such_workbook_is_told(
    plain_app: Flask, signed_in: SignIn, content: bytes, sentence: str
) -> None:
    page = sent(signed_in("agang"), content, 422)
    assert sentence in words(page) and english_in(page) <= {"PDF", "Excel"}
    assert signed_in("agang").post("/disposal/import").status_code == 422
    answer = signed_in("agang").post("/disposal/import/accept", data={"changes": "x"})
    assert answer.status_code == 422 and "请重新选择文件" in words(answer.text)


def test_the_form_of_the_ledger(plain_app: Flask, signed_in: SignIn) -> None:
    number = hush()[0]
    case = db.session.get_one(Case, number)
    db.session.merge(Disposal(case_id=number, cause=Cause.ILLNESS, measure="=1+1", changed_at=now()))
    db.session.commit()
    book = taken(signed_in("office"))
    sheet = book.active
    assert sheet["A1"].value == "逾期贷款分类处置台账" and "截至2023年12月5日" in sheet["A2"].value
    assert "单位：元" in sheet["A2"].value and [c.value for c in sheet[3]][: len(HEADS)] == HEADS
    assert sheet.page_setup.orientation == "landscape" and sheet.print_title_rows == "$3:$3"
    assert "office" in (sheet.oddHeader.left.text or "")
    where = rows(sheet)
    open_cases = db.session.scalars(select(Case).where(Case.closed_on.is_(None))).all()
    assert set(where) == {one.id for one in open_cases}
    cell = sheet.cell(where[number], columns(sheet)["处置措施"])
    assert cell.value == "=1+1" and cell.data_type == "s" and cell.number_format == "@"
    borrower = sheet.cell(where[number], columns(sheet)["借款人"]).value
    assert borrower != case.loan.borrower.name and "●" in borrower
    formulas = [c.value for c in sheet["G"] if isinstance(c.value, str) and c.value.startswith("=")]
    assert len(formulas) == len({one.township_code for one in open_cases}) + 1
    assert formulas[-1] == f"=SUBTOTAL(9,G4:G{4 + len(open_cases) + len(formulas) - 2})"
    text = [row[0].value for row in sheet.iter_rows() if row[0].value]
    assert "合计" in text and "填表人" in text[-1]
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert entry.action == "remedies.export"


@pytest.mark.parametrize("who", ["office", "agang", "agang-bank"])
@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_out_and_back_changes_nothing(plain_app: Flask, signed_in: SignIn, who: str, language: str) -> None:
    client = signed_in(who)
    book = taken(client, f"?lang={language}")
    numbers = rows(book.active)
    assert numbers and (who == "office" or len(numbers) < 300)
    page = brought(client, book)
    assert 'name="changes"' not in page
    assert ("没有变化" in words(page)) if language == "zh_Hans" else ("Nothing would change" in page)


def edited(client: FlaskClient, number: int, **cells: Any) -> Any:
    book = taken(client)
    place = columns(book.active)
    for title, value in cells.items():
        book.active.cell(rows(book.active)[number], place[title]).value = value
    return book


def test_what_was_edited_is_previewed_taken_and_told(plain_app: Flask, signed_in: SignIn) -> None:
    numbers = hush()
    undisposed(numbers[:1])
    client, owner = signed_in("agang"), account("agang-bank")
    book = edited(
        client,
        numbers[0],
        逾期原因="Wilful default",
        处置方式="司法预警",
        责任人="agang-bank",
        完成时限="2023年12月31日",
        处置措施="上门送达",
    )
    page = brought(client, book)
    assert "恶意拖欠" in words(page) and kept(numbers[0]) is None and english_in(page) <= {"Excel"}
    done = Browser(client).post("/disposal/import/accept", follow=True, changes=sealed(page))
    assert "已更新 1 件案件" in words(done)
    found = kept(numbers[0])
    assert found and (found.cause, found.route) == (Cause.WILFUL, Route.WARNING)
    assert found.owner_id == owner.id and str(found.deadline) == "2023-12-31" and found.measure == "上门送达"
    again = client.post("/disposal/import/accept", data={"changes": sealed(page)})
    assert again.status_code == 409 and "其他人" in words(again.text)


REFUSED = [
    ({"逾期原因": "天气"}, "不在逾期原因之列"),
    ({"处置方式": "担保"}, "不在处置方式之列"),
    ({"责任人": "张三丰"}, "能看到本案"),
    ({"完成时限": "明天"}, "日期"),
    ({"完成时限": "2023-12-01"}, "不能早于今天"),
    ({"处置方式": "续贷"}, "应在贷款到期前申请"),
    ({"逾期原因": None}, "没有填写逾期原因"),
    ({"案件号": 10**9}, "没有这个案件号"),
    ({"案件号": "七"}, "没有这个案件号"),
    ({"处置措施": "长" * 401}, "不超过 400 字"),
]


@pytest.mark.parametrize(("cells", "sentence"), REFUSED)
def test_a_row_that_cannot_be_taken_is_refused(
    plain_app: Flask, signed_in: SignIn, cells: dict[str, Any], sentence: str
) -> None:
    numbers = hush()
    undisposed(numbers[:1])
    book = edited(
        signed_in("agang"),
        numbers[0],
        **{
            "逾期原因": "恶意拖欠",
            "处置方式": "司法预警",
            **cells,
        },
    )
    page = brought(signed_in("agang"), book)
    assert sentence in words(page) and 'name="changes"' not in page and english_in(page) <= {"Excel"}


def test_nobody_changes_what_they_do_not_see_or_what_is_closed(plain_app: Flask, signed_in: SignIn) -> None:
    numbers = hush()
    undisposed(numbers[:2])
    book = edited(signed_in("office"), numbers[0], 逾期原因="恶意拖欠")
    page = brought(signed_in("jiulong"), book)
    assert "没有这个案件号" in words(page) and 'name="changes"' not in page
    page = brought(signed_in("agang"), edited(signed_in("agang"), numbers[1], 逾期原因="恶意拖欠"))
    other = signed_in("agang-bank").post("/disposal/import/accept", data={"changes": sealed(page)})
    assert other.status_code == 422 and kept(numbers[1]) is None
    case = db.session.get_one(Case, numbers[0])
    case.closed_on = case.opened_on
    db.session.commit()
    assert "已结案" in words(brought(signed_in("agang"), book))


def test_all_or_nothing(plain_app: Flask, signed_in: SignIn) -> None:
    numbers = hush()
    undisposed(numbers[:2])
    client = signed_in("agang")
    book = edited(client, numbers[0], 逾期原因="恶意拖欠")
    book.active.cell(rows(book.active)[numbers[1]], columns(book.active)["逾期原因"]).value = "重病"
    page = brought(client, book)
    db.session.execute(Case.__table__.update().where(Case.id == numbers[1]).values(version=Case.version + 1))
    db.session.commit()
    answer = client.post("/disposal/import/accept", data={"changes": sealed(page)})
    assert answer.status_code == 409 and kept(numbers[0]) is None and kept(numbers[1]) is None
