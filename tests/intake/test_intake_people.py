"""Whose loans they are: lenders, branches, villages, households, borrowers."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import DueDateRule
from app.ledger.digest import findings
from app.ledger.models import ImportBatch
from app.ledger.report import Report
from app.loans.models import Borrower, Household
from app.places.actions import lender_named
from app.places.models import Branch, Lender, Region
from app.places.rules import Level
from tests.intake.world import LENDER, OCTOBER, OTHER_LENDER, SEPTEMBER, imported, ledger_file, loan, taken
from tests.ledger.factory import AGANG, grid, id_number, make_file, row, without


def names(session: Session) -> list[str]:
    return sorted(session.scalars(select(Lender.name)))


def report(session: Session) -> Report:
    batch = session.scalars(select(ImportBatch).order_by(ImportBatch.id.desc()).limit(1)).one()
    return Report.from_json(batch.report)


# --- the lender of a row


def test_without_any_lender_the_file_is_refused_in_a_sentence(session: Session, tmp_path: Path) -> None:
    outcome = imported(ledger_file(tmp_path, [row()]), OCTOBER, lender="")
    assert not outcome.ok and "Name the lender" in str(outcome.sentence) and names(session) == []


def test_two_known_lenders_are_no_answer(session: Session, tmp_path: Path) -> None:
    for name in (LENDER, OTHER_LENDER):
        lender_named(session, name)
    session.commit()
    assert not imported(ledger_file(tmp_path, [row()]), OCTOBER, lender="").ok


@pytest.mark.parametrize(
    ("in_the_row", "given", "above", "expected"),
    [
        ("", "", "", LENDER),  # the county's only one
        ("", "", "填报单位：云南银行", "云南银行"),
        ("", "昆明银行", "填报单位：云南银行", "昆明银行"),
        (OTHER_LENDER, "昆明银行", "填报单位：云南银行", OTHER_LENDER),
    ],
)
def test_the_row_then_the_import_then_the_sheet_then_the_only_one(
    session: Session, tmp_path: Path, in_the_row: str, given: str, above: str, expected: str
) -> None:
    lender_named(session, LENDER)
    session.commit()
    path = ledger_file(tmp_path, [row(合同号="A", 贷款金融机构=in_the_row)], above=[[above]])
    assert imported(path, OCTOBER, lender=given).ok
    assert loan(session, "A", expected).contract_no == "A"


def test_an_office_that_filled_in_the_sheet_is_no_lender(session: Session, tmp_path: Path) -> None:
    path = ledger_file(tmp_path, [row()], above=[["填报单位：罗平县乡村振兴局"]])
    assert not imported(path, OCTOBER, lender="").ok and names(session) == []


def test_a_lender_with_its_branch_behind_it(session: Session, tmp_path: Path) -> None:
    line = without(row(合同号="A", 贷款金融机构="罗平农商行阿岗支行"), "支行")
    assert imported(ledger_file(tmp_path, [line]), OCTOBER).ok
    found = loan(session, "A")
    assert found.lender.name == LENDER and found.branch is not None and found.branch.name == "阿岗支行"
    assert names(session) == [LENDER]


def test_unknown_lenders_and_branches_are_made_and_listed(session: Session, tmp_path: Path) -> None:
    lines = [row(贷款金融机构=OTHER_LENDER, 支行="城关支行"), row(支行="马街支行")]
    rehearsed = imported(ledger_file(tmp_path, lines), OCTOBER, dry_run=True)
    assert rehearsed.ok and names(session) == []
    taken(tmp_path, lines, OCTOBER)
    assert report(session).new_lenders == sorted([LENDER, OTHER_LENDER])
    assert report(session).new_branches == sorted([f"{OTHER_LENDER} 城关支行", f"{LENDER} 马街支行"])
    assert sorted(session.scalars(select(Branch.name))) == sorted(["城关支行", "马街支行"])
    taken(tmp_path, [row(支行="马街支行")], OCTOBER)
    assert report(session).new_branches == [] == report(session).new_lenders


def test_the_same_contract_at_two_lenders_is_two_loans(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [row(合同号="A"), row(合同号="A", 贷款金融机构=OTHER_LENDER)], OCTOBER)
    assert loan(session, "A").id != loan(session, "A", OTHER_LENDER).id


@pytest.mark.parametrize(("balance", "accepted", "rejected"), [(30_000, 1, 0), (20_000, 0, 2)])
def test_the_same_contract_once_with_its_lender_named_and_once_without(
    session: Session, tmp_path: Path, balance: int, accepted: int, rejected: int
) -> None:
    """They are the same loan, whatever the file's own columns say: equal rows count once, others contradict."""
    line = row(合同号="A", 贷款金融机构="")
    named = line | {"贷款金融机构": LENDER, "贷款余额": balance}
    outcome = imported(ledger_file(tmp_path, [line, named, row(合同号="B")]), OCTOBER, accept_valid=True)
    assert (outcome.counts["accepted"], outcome.counts["rejected"]) == (accepted + 1, rejected)


def test_the_due_date_follows_the_lenders_rule(session: Session, tmp_path: Path) -> None:
    lender_named(session, LENDER).due_date_rule = DueDateRule.NEXT_WORKDAY
    session.commit()
    saturday = without(row(合同号="A", 到期日期="2023-10-28"), "逾期贷款金额")
    monday = without(row(合同号="B", 到期日期="2023-10-31"), "逾期贷款金额")
    taken(tmp_path, [saturday, monday], OCTOBER)
    assert loan(session, "A").effective_due_on.isoformat() == "2023-10-30"
    assert (loan(session, "A").overdue, loan(session, "B").overdue) == (3_000_000, 0)


# --- places


def test_villages_that_nobody_knows_get_provisional_codes(session: Session, tmp_path: Path) -> None:
    taken(
        tmp_path, [row(行政村="青松村"), row(行政村="白云村"), row(行政村="青松村", 乡镇="老厂乡")], OCTOBER
    )
    taken(tmp_path, [row(行政村="清水村"), row(行政村="白云村")], OCTOBER)
    found = session.scalars(select(Region).where(Region.level == Level.VILLAGE)).all()
    codes = {(r.parent_code, r.name): r.code for r in found}
    assert len(codes) == 4 and all(r.provisional and r.code.startswith(r.parent_code or "-") for r in found)
    assert codes[AGANG, "清水村"] == f"{AGANG}502"


# --- households and borrowers


def test_a_household_is_its_head_or_else_the_borrower(session: Session, tmp_path: Path) -> None:
    head = id_number(1)
    son = row(合同号="A", 户主姓名="张父", 户主身份证号=head)
    father = row(合同号="B", 户主姓名="张父", 户主身份证号="", 贷款人姓名="张父", 贷款人身份证=head)
    alone = row(合同号="C", 户主姓名="", 户主身份证号="")
    taken(tmp_path, [son, father, alone], OCTOBER)
    a, b, c = (loan(session, contract) for contract in "ABC")
    assert a.household_id == b.household_id != c.household_id and a.borrower_id != b.borrower_id
    assert a.household.head_name == "张父" and c.household.head_id_number == c.borrower.id_number


def test_a_head_whose_name_is_not_given_does_not_get_the_borrowers(session: Session, tmp_path: Path) -> None:
    taken(tmp_path, [row(合同号="A", 户主姓名="", 户主身份证号=id_number(2))], OCTOBER)
    assert loan(session, "A").household.head_name == ""


def test_what_the_newest_ledger_says_of_people_counts(session: Session, tmp_path: Path) -> None:
    line = row(合同号="A", 家庭人口数=3, 贷款人姓名="张三", 户主姓名="张三", 电话="15400000001")
    taken(tmp_path, [line | {"家庭人口数": 4, "电话": "15400000002"}], OCTOBER)
    taken(tmp_path, [line | {"贷款人姓名": "旧名", "户主姓名": "旧名"}], SEPTEMBER)
    borrower, household = session.scalars(select(Borrower)).one(), session.scalars(select(Household)).one()
    assert (borrower.name, borrower.phone) == ("张三", "15400000002")
    assert (household.head_name, household.size) == ("张三", 4)


def test_a_blank_takes_nothing_away(session: Session, tmp_path: Path) -> None:
    line = row(合同号="A", 家庭人口数=3, 电话="15400000001", 户主姓名="张三", 贷款人姓名="张三")
    taken(tmp_path, [line], SEPTEMBER)
    taken(tmp_path, [line | {"家庭人口数": "", "电话": "", "户主姓名": "", "贷款人姓名": ""}], OCTOBER)
    borrower, household = session.scalars(select(Borrower)).one(), session.scalars(select(Household)).one()
    assert (borrower.name, borrower.phone, household.size, household.head_name) == (
        "张三",
        "15400000001",
        3,
        "张三",
    )


def test_an_older_ledger_fills_what_is_empty(session: Session, tmp_path: Path) -> None:
    line = row(合同号="A", 电话="15400000001", 家庭人口数=3)
    taken(tmp_path, [line | {"电话": "", "家庭人口数": ""}], OCTOBER)
    taken(tmp_path, [line], SEPTEMBER)
    assert session.scalars(select(Borrower)).one().phone == "15400000001"
    assert session.scalars(select(Household)).one().size == 3


# --- findings


def told(session: Session) -> list[str]:
    return [str(each.message) for kind in findings(report(session)) for each in kind.each]


def test_a_household_in_two_townships_is_a_finding(session: Session, tmp_path: Path) -> None:
    head = id_number(3)
    here, there = row(户主身份证号=head), row(户主身份证号=head, 乡镇="老厂乡")
    sheets = {"阿岗镇": grid([row(), row(), here]), "老厂乡": grid([there])}
    assert imported(make_file(tmp_path / "a.xlsx", sheets), OCTOBER).ok
    (found,) = [
        remark for remark in report(session).remarks if "more than one township" in str(remark.message)
    ]
    assert (found.sheet, found.row) == ("阿岗镇", 4)


def test_a_household_in_another_township_of_another_ledger_is_a_finding(
    session: Session, tmp_path: Path
) -> None:
    head = id_number(4)
    taken(tmp_path, [row(户主身份证号=head), row()], OCTOBER)
    there = row(户主身份证号=head, 乡镇="老厂乡", 贷款金融机构=OTHER_LENDER)
    outcome = taken(tmp_path, [there, row(乡镇="老厂乡")], OCTOBER)
    (found,) = [remark for remark in outcome.findings if "more than one township" in str(remark.message)]
    assert found.row == 2


def test_a_household_that_moved_with_its_loan_is_none(session: Session, tmp_path: Path) -> None:
    line = row(合同号="A")
    taken(tmp_path, [line], SEPTEMBER)
    taken(tmp_path, [line | {"乡镇": "老厂乡"}], OCTOBER)
    assert not [text for text in told(session) if "township" in text]


def test_a_risen_balance_is_a_finding(session: Session, tmp_path: Path) -> None:
    a, b = row(合同号="A", 贷款余额=100), row(合同号="B", 贷款余额=100)
    taken(tmp_path, [a, b], SEPTEMBER)
    outcome = taken(tmp_path, [a | {"贷款余额": "100.01"}, b], OCTOBER)
    (found,) = [remark for remark in outcome.findings if "risen" in str(remark.message)]
    assert (found.row, found.found) == (2, "100.01") and "from 100.00 yuan to 100.01 yuan" in str(
        found.message
    )
