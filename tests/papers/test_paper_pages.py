"""The pages of papers: what goes wrong first; then printed, taken, delivered, within everybody's scope."""

from io import BytesIO

import pytest
from docx import Document
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from app.cases.models import Case
from app.contacts.models import Attachment, Contact
from app.db import db
from app.papers.models import Paper, PrintRun
from app.papers.rules import Delivery, PaperKind
from tests.conftest import SignIn
from tests.web.browser import Browser, english_in, words

AGANG = "530324106"
PRINT = {"paper-kind": "demand", "paper-pay_by": "2023-12-20"}


@pytest.fixture
def county(demo_app: Flask) -> Flask:
    """The demonstration county at half past ten of its day."""
    demo_app.config.update(WTF_CSRF_ENABLED=False, NOW="2023-12-05T10:30+08:00")
    return demo_app


@pytest.fixture
def office(county: Flask, signed_in: SignIn) -> Browser:
    return Browser(signed_in("office"))


@pytest.fixture
def agang(county: Flask, signed_in: SignIn) -> Browser:
    return Browser(signed_in("agang"))


def case_in(township: str) -> int:
    """An open case without papers."""
    free = Case.id.not_in(select(Paper.case_id))
    query = select(Case.id).where(Case.township_code == township, Case.closed_on.is_(None), free)
    return db.session.scalars(query.order_by(Case.id.desc()).limit(1)).one()


def elsewhere() -> tuple[int, str]:
    """An open case in another township, and its township."""
    query = select(Case.id, Case.township_code).where(Case.township_code != AGANG, Case.closed_on.is_(None))
    number, township = db.session.execute(query.order_by(Case.id).limit(1)).one()
    return number, township


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def newest() -> Paper:
    db.session.rollback()
    return db.session.scalars(select(Paper).order_by(Paper.id.desc()).limit(1)).one()


def given(paper: Paper, **changed: object) -> dict[str, object]:
    return {
        "delivery-paper": str(paper.id),
        "delivery-how": "signed",
        "delivery-handed": "person",
        "delivery-on": "2023-12-05",
    } | {f"delivery-{name}": value for name, value in changed.items()}


# On a case


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"paper-pay_by": ""}, "请填写还款期限"),
        ({"paper-pay_by": "20 December"}, "请按 2023-12-05 的格式填写"),
        ({"paper-pay_by": "2023-12-05"}, "还款期限须在今天之后"),
        ({"paper-pay_by": "2033-12-20"}, "请核对年份"),
        ({"paper-kind": ""}, "请选择文书"),
    ],
)
def test_a_paper_that_cannot_be_printed(agang: Browser, changed: dict[str, str], sentence: str) -> None:
    number, before = case_in(AGANG), count(PrintRun)
    page = agang.post(f"/cases/{number}/papers", 422, **PRINT | changed)
    assert sentence in words(page)
    typed = changed.get("paper-pay_by", PRINT["paper-pay_by"])
    assert not typed.startswith("20 ") or f'value="{typed}"' in page
    assert count(PrintRun) == before


def test_a_foreign_case_does_not_exist(agang: Browser) -> None:
    number, _ = elsewhere()
    agang.post(f"/cases/{number}/papers", 404, **PRINT)
    agang.post(f"/cases/{number}/papers/delivery", 404)


def test_a_paper_of_another_case_does_not_exist(agang: Browser) -> None:
    number = case_in(AGANG)
    other = db.session.scalars(select(Paper).where(Paper.delivery.is_(None))).first()
    assert other is not None and other.case_id != number
    agang.post(f"/cases/{number}/papers/delivery", 404, **given(other))
    agang.post(f"/cases/{number}/papers/delivery", 404, **given(other) | {"delivery-paper": "one"})


def test_printed_taken_and_delivered(agang: Browser) -> None:
    number = case_in(AGANG)
    page = agang.post(f"/cases/{number}/papers", follow=True, **PRINT)
    paper = newest()
    assert (paper.case_id, paper.kind) == (number, PaperKind.DEMAND)
    assert "已生成1份文书" in page and f"{paper.id:06d}" in page
    taken = agang.answer("GET", f"/papers/{paper.run_id}/papers.docx")
    assert taken.headers["Cache-Control"] == "no-store"
    assert f"编号：{paper.id:06d}" in "".join(p.text for p in Document(BytesIO(taken.data)).paragraphs)
    picture = BytesIO()
    Image.new("RGB", (40, 30)).save(picture, "JPEG")
    picture.seek(0)
    sent = given(paper, text="本人签名。", files=(picture, "photo.jpg"))
    assert "送达情况已保存" in agang.post(f"/cases/{number}/papers/delivery", follow=True, **sent)
    paper = newest()
    assert paper.delivery is Delivery.SIGNED and paper.contact_id is not None
    contact = db.session.get_one(Contact, paper.contact_id)
    assert contact.text.endswith("签收。本人签名。")
    kept = db.session.scalars(select(Attachment).where(Attachment.contact_id == contact.id)).one()
    assert kept.mime == "image/jpeg"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"on": "2023-12-06"}, "送达日期在今天之后"),
        ({"on": "2023-12-04"}, "送达日期不能更早"),
        ({"on": "yesterday"}, "请按 2023-12-05 的格式填写"),
        ({"at": "25:99"}, "时间格式应为09:30"),
        ({"at": "10:45"}, "时间不能晚于现在"),
        ({"how": "left"}, "请填写见证人姓名"),
        ({"how": "left", "handed": "post", "witness": "李四"}, "不能留置送达"),
        ({"how": ""}, "请选择送达方式"),
        ({"how": "thrown"}, ""),
        ({"witness": "长" * 65}, "64"),
        ({"files": b"<script>alert(1)</script>"}, "请重新选择文件"),
    ],
)
def test_a_delivery_that_cannot_be(agang: Browser, changed: dict[str, object], sentence: str) -> None:
    number = case_in(AGANG)
    if isinstance(sent := changed.get("files"), bytes):
        changed = {"files": (BytesIO(sent), "photo.jpg")}
    agang.post(f"/cases/{number}/papers", **PRINT)
    paper, notes = newest(), count(Contact)
    page = agang.post(
        f"/cases/{number}/papers/delivery", 422, **given(paper, text="当面说明") | given(paper, **changed)
    )
    assert sentence in words(page)
    if "files" not in changed:
        page = agang.post(
            f"/cases/{number}/papers/delivery", 422, **given(paper, **({"text": "当面说明"} | changed))
        )
        assert ">当面说明</textarea>" in page.replace("\r\n", "")
    assert (newest().delivery, count(Contact)) == (None, notes)


def test_a_delivery_entered_in_error_is_taken_back(agang: Browser) -> None:
    number = case_in(AGANG)
    agang.post(f"/cases/{number}/papers", **PRINT)
    paper = newest()
    undo = f"/cases/{number}/papers/{paper.id}/undo"
    assert "该文书没有可撤回的送达记录" in words(agang.post(undo, 422, reason="早了"))
    agang.post(f"/cases/{number}/papers/delivery", **given(paper))
    assert "请说明误录情况" in words(agang.post(undo, 422, reason=""))
    assert "已撤回" in words(agang.post(undo, follow=True, reason="送错人家"))
    assert newest().delivery is None
    agang.post(f"/cases/{number}/papers/999999/undo", 404, reason="x")


def test_sent_twice_it_counts_once(agang: Browser) -> None:
    number = case_in(AGANG)
    agang.post(f"/cases/{number}/papers", **PRINT)
    paper, notes = newest(), count(Contact)
    agang.post(f"/cases/{number}/papers/delivery", **given(paper))
    again = agang.post(f"/cases/{number}/papers/delivery", 422, **given(paper))
    assert "已于2023-12-05送达" in again and count(Contact) == notes + 1


def test_the_panel_is_for_those_who_print(county: Flask, signed_in: SignIn) -> None:
    number = case_in(AGANG)
    assert 'id="case-papers"' in Browser(signed_in("agang")).get(f"/cases/{number}")
    assert 'id="case-papers"' not in Browser(signed_in("auditor")).get(f"/cases/{number}")


# For a filter


@pytest.mark.parametrize("query", ["kind=none", "since=7", "township=x", "branch=x", "part=none"])
def test_a_filter_that_there_is_not(office: Browser, query: str) -> None:
    office.get(f"/papers/?{query}", 404)


def test_more_than_one_file_takes(office: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.papers.actions.MOST_PAPERS", 3)
    monkeypatch.setattr("app.papers.views.MOST_PAPERS", 3)
    assert "请缩小筛选范围" in office.get("/papers/")
    before = count(PrintRun)
    page = office.post("/papers/print", 422, **PRINT)
    assert "一个文件最多3份，请缩小筛选范围" in words(page) and count(PrintRun) == before


def test_what_has_changed_since_it_was_counted_is_told(office: Browser) -> None:
    before = count(PrintRun)
    assert "请重新核对" in office.post(f"/papers/print?township={AGANG}", 409, seen="1", **PRINT)
    assert count(PrintRun) == before


def test_all_of_a_filter_in_one_file(office: Browser) -> None:
    query = f"township={AGANG}&since=0&kind=promise"
    expected = db.session.scalar(
        select(func.count()).where(Case.township_code == AGANG, Case.closed_on.is_(None))
    )
    assert f"全部打印（{expected}份还款承诺书）" in office.get(f"/papers/?{query}")
    office.post(f"/papers/print?{query}", seen=str(expected), **PRINT)
    run = newest().run
    assert (run.kind, run.count, run.chosen) == (
        PaperKind.PROMISE,
        expected,
        {"township": AGANG, "branch": None, "since": "0"},
    )
    assert "没有需要打印的案件" in office.get(f"/papers/?township={AGANG}&kind=promise")
    assert "没有需要打印的案件" not in office.get(f"/papers/?township={AGANG}&kind=demand")
    page = office.post(f"/papers/print?township={AGANG}&kind=promise", 422, **PRINT)
    assert "没有符合条件的案件" in words(page)


def test_a_run_shows_each_reader_their_own_papers(county: Flask, signed_in: SignIn, office: Browser) -> None:
    office.post("/papers/print?since=0", **PRINT)
    run = newest().run
    mine = db.session.scalar(
        select(func.count())
        .select_from(Paper)
        .join(Case)
        .where(Paper.run_id == run.id, Case.township_code == AGANG)
    )
    assert mine and mine < run.count
    agang = Browser(signed_in("agang"))
    assert agang.get(f"/papers/{run.id}").count("data-row-link") == mine
    content = agang.answer("GET", f"/papers/{run.id}/papers.docx").data
    assert len(Document(BytesIO(content)).tables) == 2 * mine
    assert agang.get(f"/papers/{run.id}/pages").count('<article class="paper"') == 2 * mine
    assert office.get(f"/papers/{run.id}").count("data-row-link") == run.count


def test_a_foreign_run_does_not_exist(agang: Browser, office: Browser) -> None:
    office.post(f"/papers/print?township={elsewhere()[1]}&since=0", **PRINT)
    run_id = newest().run_id
    for path in ("", "/papers.docx", "/pages"):
        assert office.answer("GET", f"/papers/{run_id}{path}").status_code == 200
        agang.get(f"/papers/{run_id}{path}", 404)
    assert f'/papers/{run_id}"' not in agang.get("/papers/?part=runs")


def test_what_is_not_delivered_is_counted(agang: Browser) -> None:
    waiting = db.session.scalar(
        select(func.count())
        .select_from(Paper)
        .join(Case)
        .where(Case.township_code == AGANG, Case.closed_on.is_(None), Paper.delivery.is_(None))
    )
    page = agang.get("/papers/?part=waiting")
    assert waiting and page.count("data-row-link") == waiting and f"共{waiting}份" in page


PATHS = ("/papers/", "/papers/?part=waiting", "/papers/?part=runs", "/papers/1", "/papers/1/pages")


@pytest.mark.parametrize("path", PATHS)
def test_pages_speak_both_languages(office: Browser, path: str) -> None:
    office.post("/papers/print?since=0&township=530324106", **PRINT)
    assert not english_in(office.get(path), "Word")
    page = office.get(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert "Print" in page and 'lang="en"' in page


def test_no_number_in_full_on_any_page(office: Browser) -> None:
    office.post("/papers/print?since=0&kind=promise", **PRINT)
    run_id = newest().run_id
    people = [
        paper.case.loan.borrower for paper in db.session.scalars(select(Paper).where(Paper.run_id == run_id))
    ]
    pages = "".join(office.get(f"/papers/{run_id}{path}") for path in ("", "/pages"))
    assert people
    for one in people:
        assert one.id_number not in pages and (not one.phone or one.phone not in pages)
