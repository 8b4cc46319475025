"""The pages of an import: what is wrong first, then the way from an upload to what it has changed."""

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit import AuditEntry
from app.cases.models import Case
from app.db import db
from app.heartbeat import SILENCE, beat
from app.ledger.models import BatchState, HeaderChoice, ImportBatch
from app.ledger.store import LedgerStore, Progress
from app.loans.models import Loan, Snapshot
from app.loans.rules import MissingDecision
from app.places.models import RegionAlias
from app.privacy import keyring
from app.today import now
from tests.conftest import SignIn
from tests.ledger.factory import DASHUIJING, Line, id_number, make_ledger, row, rows
from tests.web.browser import Browser, english_in, words
from tests.web.imports import AS_OF, LENDER, batch, ledger, previewed, taken, upload, work
from tests.web.reading import Page

OVERDUE: Line = {"放款日期": date(2021, 11, 1), "到期日期": date(2023, 11, 1), "逾期贷款金额": 30000}


@pytest.fixture
def office(demo_app: Flask, signed_in: SignIn) -> Browser:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    return Browser(signed_in("office"))


# What is wrong


BAD_UPLOADS = [
    ({}, "请选择文件"),
    ({"as_of": "2023-11-31"}, "请按年、月、日填写日期"),
    ({"as_of": "十一月"}, "请按年、月、日填写日期"),
    ({"as_of": "2023-12-06"}, "该日期尚未到来"),
    ({"lender": "行" * 65}, "不超过 64 个字"),
]


def test_a_bad_upload_says_what_to_do_and_keeps_what_was_typed(office: Browser) -> None:
    for typed, sentence in BAD_UPLOADS:
        filled = {"lender": "某某银行", "as_of": "2023-10-31"} | typed
        file = {"file": (BytesIO(b"x"), "a.xlsx")} if typed else {}
        answer = office.answer("POST", "/ledger/", data={**file, **filled})
        assert answer.status_code == 422 and sentence in words(answer.text), typed
        assert all(f'value="{value}"' in answer.text for value in filled.values()), typed
    assert db.session.scalar(select(func.count()).select_from(ImportBatch)) == 3


def test_a_file_that_is_no_ledger_is_refused_in_a_sentence(office: Browser, tmp_path: Path) -> None:
    (tmp_path / "通知.xlsx").write_bytes(b"%PDF-1.7")
    address = previewed(office, tmp_path / "通知.xlsx")
    page = office.get(address)
    assert "这是PDF 文档，不是台账" in words(page) and not english_in(page)
    assert "This is a PDF document, not a ledger" in words(office.get(f"{address}?lang=en"))


def test_a_file_without_a_date_is_read_again_with_one(office: Browser, tmp_path: Path) -> None:
    address = previewed(office, make_ledger(tmp_path / "a.xlsx", rows(2)))
    assert "请填写数据截至哪一天" in words(office.get(address))
    ahead = office.post(f"{address}/again", status=422, lender=LENDER, as_of="2024-01-31")
    assert "该日期尚未到来" in words(ahead) and f'value="{LENDER}"' in ahead and 'value="2024-01-31"' in ahead
    office.post(f"{address}/again", lender=LENDER, as_of=AS_OF)
    work()
    assert batch(address).state is BatchState.PREVIEW and batch(address).report["new"] == 2


def test_what_is_taken_cannot_be_decided_again(office: Browser) -> None:
    for what in ("accept", "discard", "alias", "headers", "again"):
        assert "本次导入已处理完毕" in words(office.post(f"/ledger/1/{what}", follow=True)), what
        assert batch("/ledger/1").state is BatchState.TAKEN


def test_a_file_without_a_single_valid_row_cannot_be_accepted(office: Browser, tmp_path: Path) -> None:
    address = previewed(office, ledger(tmp_path, [row(合同号=""), row(贷款余额="伍万")]))
    page = office.get(address)
    assert "没有可以导入的行" in words(page) and "确认导入</button>" not in page
    office.post(f"{address}/accept", status=422, as_of=AS_OF, accept_valid="y")
    assert batch(address).state is BatchState.PREVIEW


def test_the_same_file_again_says_when_it_was_taken_and_is_not_taken(office: Browser, tmp_path: Path) -> None:
    path = ledger(tmp_path, rows(2))
    first = taken(office, path)
    again = previewed(office, path)
    page = office.get(again)
    assert "再次导入不会有任何变化" in words(page) and first in Page(page).hrefs
    office.post(f"{again}/accept", status=422, as_of=AS_OF)
    assert batch(again).state is BatchState.PREVIEW


NOT_OFFERED = [
    ("alias", {"name": "水井乡", "code": "530325101"}),
    ("alias", {"name": "水井乡", "code": "530324999"}),
    ("alias", {"name": "", "code": DASHUIJING}),
    ("alias", {"name": "井" * 65, "code": DASHUIJING}),
    ("headers", {"lender": LENDER, "header": "约期", "field": "no such field"}),
]


def test_what_no_form_offers_is_refused(office: Browser, tmp_path: Path) -> None:
    address = previewed(office, ledger(tmp_path, [row(乡镇="水井乡")]))
    for what, fields in NOT_OFFERED:
        office.post(f"{address}/{what}", status=400, **fields)
    assert not db.session.scalars(select(RegionAlias).where(RegionAlias.name == "水井乡")).all()
    assert not db.session.scalars(select(HeaderChoice)).all()


# The way of a ledger


def test_from_the_upload_to_what_it_has_changed(office: Browser, tmp_path: Path) -> None:
    lines = [
        row(合同号="NEW-1", **OVERDUE), row(合同号="NEW-2", 乡镇="水井乡"), row(合同号="NEW-3", 到期日期="2023-02-30"),
    ]  # fmt: skip
    address = upload(
        office, ledger(tmp_path, [line | {"资金投向": "养牛", "客户经理": "王"} for line in lines])
    )
    assert f'hx-get="{address}/progress' in office.get(address)
    work()
    page = office.get(address)
    told = words(page)
    assert "水井乡" in told and "认可为大水井乡的别名" in told and "该日期不存在，请更正" in told
    assert "资金投向" in told and batch(address).report["rejected"] == 2

    refused = office.post(f"{address}/accept", status=422, as_of=AS_OF)
    assert "有2行不予导入" in words(refused) and batch(address).state is BatchState.PREVIEW

    office.post(f"{address}/alias", name="水井乡", code=DASHUIJING)
    work()
    assert batch(address).report["rejected"] == 1

    chosen: dict[str, Any] = {"header": ["资金投向", "客户经理"], "field": ["purpose", "-"]}
    lacking = office.post(f"{address}/headers", status=422, lender=" ", **chosen)
    assert "请填写金融机构" in words(lacking) and '<option value="purpose" selected>' in lacking
    office.post(f"{address}/headers", lender=LENDER, **chosen)
    work()
    assert batch(address).report["unrecognised"] == []
    assert "已记住的列名" in words(office.get(address))

    office.post(f"{address}/accept", as_of=AS_OF, accept_valid="y")
    assert "等待后台处理" in words(office.get(address))
    work()
    done = office.get(address)
    assert "余额、案件和统计数据已同步更新" in words(done)
    assert {"/cases/", "/bulletin/?month=2023-11", f"{address}/refused.xlsx"} <= set(Page(done).hrefs)
    loans = {
        loan.contract_no: loan
        for loan in db.session.scalars(select(Loan).where(Loan.contract_no.like("NEW-%")))
    }
    assert loans.keys() == {"NEW-1", "NEW-2"} and loans["NEW-2"].township_code == DASHUIJING
    assert loans["NEW-1"].purpose == "养牛"
    assert (
        db.session.scalars(select(Case).where(Case.loan_id == loans["NEW-1"].id)).one().overdue == 3_000_000
    )

    workbook = openpyxl.load_workbook(BytesIO(office.answer("GET", f"{address}/refused.xlsx").data))
    cells = [cell for line in workbook.active.iter_rows(values_only=True) for cell in line]
    assert "NEW-3" in cells and any("该日期不存在" in str(cell) for cell in cells)
    actions = set(db.session.scalars(select(AuditEntry.action).where(AuditEntry.actor == "office")))
    assert {"ledger.upload", "ledger.accept", "ledger.take", "ledger.headers", "places.alias"} <= actions


def test_a_choice_for_a_column_can_be_taken_back(office: Browser, tmp_path: Path) -> None:
    address = previewed(office, ledger(tmp_path, [row() | {"约期": "按季"}]))
    office.post(f"{address}/headers", lender=LENDER, header="约期", field="remark")
    work()
    page = office.get(address)
    assert '<option value="remark" selected>' in page
    office.post(f"{address}/headers", lender=LENDER, header="约期", field="")
    work()
    assert batch(address).report["unrecognised"] == ["约期"]
    assert db.session.scalar(select(func.count()).select_from(HeaderChoice)) == 0


def test_corrected_rows_are_shown_as_what_they_are(office: Browser, tmp_path: Path) -> None:
    address = previewed(office, ledger(tmp_path, [row(), row(到期日期="2023-02-30")], "十一月.xlsx"))
    office.post(f"{address}/accept", as_of=AS_OF, accept_valid="y")
    work()
    workbook = openpyxl.load_workbook(BytesIO(office.answer("GET", f"{address}/refused.xlsx").data))
    for line in workbook.active.iter_rows():
        for cell in line:
            cell.value = "2024-02-28" if cell.value == "2023-02-30" else cell.value
    workbook.save(tmp_path / "补正.xlsx")
    corrected = previewed(office, tmp_path / "补正.xlsx")
    assert "本表为“十一月.xlsx”的补正行" in words(office.get(corrected))
    office.post(f"{corrected}/accept", as_of=AS_OF)
    work()
    assert address in Page(office.get(corrected)).hrefs


def test_another_date_is_previewed_before_it_is_taken(office: Browser, tmp_path: Path) -> None:
    address = previewed(office, ledger(tmp_path, rows(2)))
    office.post(f"{address}/accept", as_of="2023-10-31")
    assert batch(address).state is BatchState.UPLOADED
    work()
    assert batch(address).as_of == date(2023, 10, 31) and batch(address).state is BatchState.PREVIEW
    assert "作为历史数据导入" in words(office.get(address))
    ahead = office.post(f"{address}/accept", status=422, as_of="2023-12-31")
    assert "该日期尚未到来" in words(ahead) and 'value="2023-12-31"' in ahead


def test_a_discarded_file_changes_nothing(office: Browser, tmp_path: Path) -> None:
    before = db.session.scalar(select(func.count()).select_from(Snapshot))
    address = previewed(office, ledger(tmp_path, rows(2)))
    assert "已放弃该文件" in words(office.post(f"{address}/discard", follow=True))
    assert batch(address).state is BatchState.DISCARDED and "未导入任何数据" in words(office.get(address))
    assert db.session.scalar(select(func.count()).select_from(Snapshot)) == before


# Every state, in both languages


def _reach(state: BatchState, office: Browser, folder: Path) -> str:
    if state is BatchState.REFUSED:
        return previewed(office, make_ledger(folder / "台账.xlsx", rows(1)))
    address = upload(
        office, ledger(folder, [*rows(3), row(电话="0874-8220001"), row(合同号=""), row(乡镇="水井乡")])
    )
    if state is BatchState.UPLOADED:
        return address
    work()
    if state is BatchState.PREVIEW:
        return address
    if state is BatchState.DISCARDED:
        office.post(f"{address}/discard")
        return address
    office.post(f"{address}/accept", as_of=AS_OF, accept_valid="y")
    if state is BatchState.TAKEN:
        work()
    return address


@pytest.mark.parametrize("state", list(BatchState), ids=str)
def test_every_state_reads_in_both_languages(office: Browser, tmp_path: Path, state: BatchState) -> None:
    address = _reach(state, office, tmp_path)
    assert batch(address).state is state
    for path in (address, "/ledger/"):
        english = office.get(f"{path}?lang=en")
        assert len(english_in(english)) > 20
        assert english_in(office.get(f"{path}?lang=zh_Hans")) == set()


@pytest.mark.parametrize(("bad", "said"), [(1, "1 row is refused."), (2, "2 rows are refused.")])
def test_one_row_is_no_rows(office: Browser, tmp_path: Path, bad: int, said: str) -> None:
    lines = [*rows(1), *({**line, "贷款余额": "五万"} for line in rows(bad))]
    page = words(office.get(previewed(office, ledger(tmp_path, lines)) + "?lang=en"))
    assert said in page and ("1 rows" not in page)


# Waiting for the worker


def test_a_silent_worker_is_told_and_one_that_speaks_again_is_noticed(
    office: Browser, tmp_path: Path
) -> None:
    address = upload(office, ledger(tmp_path, rows(1)))
    page = office.get(address)
    assert "它尚未启动过" in words(page) and "silent=1" in page
    assert office.answer("GET", f"{address}/progress?silent=1").status_code == 200

    beat(db.session(), now())
    db.session.commit()
    stop = office.answer("GET", f"{address}/progress?silent=1")
    assert stop.status_code == 286 and stop.headers["HX-Refresh"] == "true"
    assert "没有响应" not in words(office.get(address))
    assert office.answer("GET", f"{address}/progress").status_code == 200

    beat(db.session(), now() - SILENCE - timedelta(seconds=1))
    db.session.commit()
    assert office.answer("GET", f"{address}/progress").status_code == 286
    assert "起没有响应" in words(office.get(address))


def test_progress_is_a_percentage_that_survives_a_reload_and_ends_with_the_work(
    demo_app: Flask, office: Browser, tmp_path: Path
) -> None:
    address = upload(office, ledger(tmp_path, rows(1)))
    store = LedgerStore(Path(demo_app.instance_path), keyring())
    store.tell(batch(address).id, Progress("read", 42))
    for path in (f"{address}/progress", address):
        page = office.get(path)
        assert 'value="42"' in page and "正在读取各行" in words(page)
    second = upload(office, ledger(tmp_path, rows(1), "b.xlsx"))
    assert "前面还有其他台账" in words(office.get(second))
    work()
    assert office.answer("GET", f"{address}/progress").status_code == 286


# Privacy


def test_no_number_of_a_person_is_shown_in_clear(office: Browser, tmp_path: Path) -> None:
    wrong = id_number(7)[:-1] + ("1" if id_number(7)[-1] != "1" else "2")
    lines = [
        row(贷款人身份证=wrong, 户主身份证号=wrong),
        row(电话="08748220001"),
        row(合同号="DOUBLE"),
        row(合同号="DOUBLE"),
    ]
    address = previewed(office, ledger(tmp_path, lines))
    page = office.get(address)
    assert wrong[:6] in page
    for line in lines:
        for title in ("贷款人身份证", "户主身份证号", "电话"):
            assert line[title] not in page


# Missing loans


def test_a_person_decides_about_missing_loans(office: Browser) -> None:
    shown = Page(office.get("/ledger/missing")).tables["missing"]
    assert len(shown) == 2 and all("●" in line.name for line in shown)
    first, second = db.session.scalars(
        select(Loan).where(Loan.missing_since.is_not(None)).order_by(Loan.id)
    ).all()
    numbers = (first.id, second.id)
    office.post(f"/ledger/missing/{numbers[0]}", status=400, decision="lost")
    assert "已登记合同" in words(office.post(f"/ledger/missing/{numbers[0]}", follow=True, decision="repaid"))
    assert "无需核实" in words(office.post(f"/ledger/missing/{numbers[0]}", follow=True, decision="repaid"))
    page = office.post(f"/ledger/missing/{numbers[1]}", follow=True, decision="still_owed")
    assert "没有未列贷款" in words(page) and not english_in(page, "HT")
    repaid, owed = (db.session.get_one(Loan, number) for number in numbers)
    assert repaid.balance == 0 and repaid.missing_since is None
    assert owed.balance > 0 and owed.missing_decision is MissingDecision.STILL_OWED
