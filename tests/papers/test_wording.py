"""What stands on a paper, read back from the Word file; and what must never stand there."""

import json
import re
from dataclasses import fields, replace
from datetime import date
from io import BytesIO

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.models import Case
from app.papers.actions import facts_of
from app.papers.rules import PaperKind
from app.papers.word import Printed, write
from app.papers.wording import BLANK, COPIES, TITLES, PaperFacts, receipt_rows, sheet
from tests.papers.conftest import LATER, PHONE, TODAY, printed

FACTS = PaperFacts(
    lender="罗平农商行",
    branch="阿岗支行",
    township="阿岗镇",
    village="戈维村",
    borrower="张三",
    id_masked="530399********0001",
    contract_no="HT-7",
    principal=5_000_000,
    disbursed_on=date(2021, 11, 1),
    due_on=date(2023, 8, 31),
    balance=4_000_050,
    overdue=4_000_050,
    interest=123_456,
    days_past_due=69,
    as_of=date(2023, 10, 31),
    printed_on=TODAY,
    pay_by=LATER,
    township_contact="李四",
)
# What no paper may say: threats, a court's voice, a guarantor, names made public.
NEVER = re.compile("法院|法庭|传票|刑事|拘留|抓|强制|担保|保证人|老赖|曝光|公示|失信|后果自负|严惩|警告")


def words(kind: PaperKind, facts: PaperFacts = FACTS) -> str:
    said = sheet(kind, facts)
    return "\n".join([said.title, said.addressee, *said.paragraphs, *said.lines, *said.closing])


def read(content: bytes) -> list[str]:
    document = Document(BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return [*(paragraph.text for paragraph in document.paragraphs), *cells]


@pytest.mark.parametrize("kind", list(PaperKind), ids=str)
def test_every_paper_names_debt_date_and_people(kind: PaperKind) -> None:
    text = words(kind)
    for part in (
        TITLES[kind], "张三", "530399********0001", "HT-7", "50,000.00元", "2021年11月1日", "2023年8月31日",
        "40,000.50元", "1,234.56元", "截至2023年10月31日", "2023年11月23日", "罗平农商行阿岗支行",
    ):  # fmt: skip
        assert part in text, part


def test_a_demand_says_how_long_and_whom_to_ask() -> None:
    text = words(PaperKind.DEMAND)
    assert "逾期69天" in text and "阿岗镇联系人：李四" in text and f"贷款人联系人：{BLANK}" in text
    assert "逾期69天" not in words(PaperKind.DEMAND, replace(FACTS, days_past_due=0))


def test_what_the_ledger_does_not_tell_is_not_made_up() -> None:
    text = words(PaperKind.DEMAND, replace(FACTS, interest=None, branch=""))
    assert "利息以贷款人核算为准" in text and "欠息" not in text and "None" not in text


def test_a_maturity_notice_knows_before_and_after() -> None:
    assert "已于2023年8月31日到期" in words(PaperKind.MATURITY)
    assert "将于2023年12月31日到期" in words(PaperKind.MATURITY, replace(FACTS, due_on=date(2023, 12, 31)))


@pytest.mark.parametrize("kind", list(PaperKind), ids=str)
def test_a_paper_threatens_nobody_and_names_no_guarantor(kind: PaperKind) -> None:
    strip = "".join(map("".join, receipt_rows(kind)))
    assert not NEVER.search(words(kind) + strip)
    assert NEVER.search("逾期未还将移送法院强制执行")  # the search finds what it looks for


def test_facts_come_back_as_they_were_kept() -> None:
    stored = json.loads(json.dumps(FACTS.to_json()))
    assert PaperFacts.from_json(stored) == FACTS
    assert PaperFacts.from_json(stored | {"of a later version": 1}) == FACTS


def test_a_file_has_two_copies_of_each_with_its_strip() -> None:
    papers = [Printed(number, kind, FACTS) for number, kind in enumerate(PaperKind, 7)]
    document = Document(BytesIO(write(papers)))
    heads = [p.text for p in document.paragraphs if p.style.name == "Copy"]
    assert heads == [f"{copy}\t编号：{n:06d}" for n in (7, 8, 9) for copy in COPIES]
    titles = [p.text for p in document.paragraphs if p.style.name == "PaperTitle"]
    assert titles == [TITLES[kind] for kind in PaperKind for _ in COPIES]
    assert len(document.tables) == len(heads)
    assert "本人签收" in document.tables[0].rows[0].cells[1].text
    assert [cell.text for cell in document.tables[0].rows[1].cells][::2] == ["签收人签名、指印", "见证人签名"]
    breaks = document.element.body.findall(f".//{qn('w:pageBreakBefore')}")
    assert len(breaks) == len(heads) - 1


def test_a_file_is_laid_out_as_official_documents_are() -> None:
    document = Document(BytesIO(write([Printed(1, PaperKind.DEMAND, FACTS)])))
    page = document.sections[0]
    sides = (page.top_margin, page.left_margin, page.right_margin, page.bottom_margin)
    assert [round(side / Mm(1)) for side in sides] == [37, 28, 26, 35]
    for name, size, font in (("PaperTitle", 22, "方正小标宋简体"), ("Text", 16, "仿宋_GB2312")):
        style = document.styles[name]
        assert (style.font.size, style.element.rPr.rFonts.get(qn("w:eastAsia"))) == (Pt(size), font)
        assert style.paragraph_format.line_spacing_rule == 4  # exactly


LINE, LINES = 28, 24.5  # characters of 16 pt in a line; lines of 26 pt on a page


def height(kind: PaperKind, facts: PaperFacts) -> float:
    """How many body lines a copy takes; a letter or digit is half as wide as a character."""
    said = sheet(kind, facts)

    def lines(text: str, indent: int = 0) -> int:
        wide = sum(1 if ord(c) > 0xFF else 0.5 for c in text) + indent
        return -(-int(wide * 2) // (2 * LINE))

    body = sum(lines(text, 2) for text in (*said.paragraphs, *said.lines))
    body += lines(said.addressee) + len(said.closing)
    strip = 28 / 26 * len(receipt_rows(kind)) + 28 / 26
    return body + 20 / 26 + 44 / 26 + strip


@pytest.mark.parametrize("kind", list(PaperKind), ids=str)
def test_a_copy_fits_on_its_page_with_long_names(kind: PaperKind) -> None:
    long = replace(
        FACTS,
        lender="罗平县农村信用合作联社",
        branch="鲁布革布依族苗族乡信用社",
        township="鲁布革布依族苗族乡",
        borrower="欧阳某某某某",
        contract_no="LPNX-LBG-20211218-000712",
        interest=12_345_678,
        days_past_due=1234,
    )
    assert height(kind, long) <= LINES
    assert height(kind, replace(long, lender="长" * 200)) > LINES


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_name_can_be_printed(name: str, contract: str) -> None:
    said = read(write([Printed(1, PaperKind.DEMAND, replace(FACTS, borrower=name, contract_no=contract))]))
    assert any("身份证号码" in text for text in said)


@pytest.mark.parametrize("kind", list(PaperKind), ids=str)
def test_no_full_number_anywhere(session: Session, case: Case, author: User, kind: PaperKind) -> None:
    paper = printed(session, case, author, kind)
    facts = facts_of(case, TODAY, LATER)
    assert PaperFacts.from_json(paper.facts) == facts
    text = "\n".join(read(write([Printed(paper.id, kind, facts)]))) + json.dumps(paper.facts)
    number = case.loan.borrower.id_number
    assert number not in text and PHONE not in text
    assert f"{number[:6]}********{number[-4:]}" in text
    assert {field.name for field in fields(PaperFacts)} == paper.facts.keys()


def test_a_paper_says_later_what_it_said_when_printed(session: Session, case: Case, author: User) -> None:
    paper = printed(session, case, author)
    case.loan.balance, case.overdue, case.loan.borrower.name = 1, 1, "王五"
    session.flush()
    session.expire_all()
    assert "借款余额50,000.00元" in words(PaperKind.DEMAND, PaperFacts.from_json(paper.facts))
    assert "张三" in words(PaperKind.DEMAND, PaperFacts.from_json(paper.facts))
