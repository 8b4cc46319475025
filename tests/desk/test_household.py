"""A household's page: every loan the reader may see, both lines' contacts, and nothing of another branch's."""

from datetime import date

import pytest
from flask import Flask

from app.cases.models import Case
from app.contacts.actions import Entry, add_contact
from app.contacts.rules import Channel, Disposition, Reached
from app.db import db
from app.loans.models import Loan
from app.promises.models import Promise
from tests.conftest import SignIn
from tests.desk.counting import statements
from tests.desk.quiet import TODAY, account, hush
from tests.web.browser import Browser, english_in, words
from tests.web.reading import Page


def called(found: Case, username: str, text: str, reached: Reached = Reached.BORROWER) -> None:
    entry = Entry(text, channel=Channel.CALL, reached=reached, disposition=Disposition.RIGHT_PARTY)
    add_contact(db.session(), found, account(username), entry, TODAY)
    db.session.commit()


@pytest.fixture
def shared(plain_app: Flask) -> tuple[int, Case, Case]:
    """A household with a loan at 阿岗支行 and one, of the same borrower, at another branch; each has a case."""
    mine = db.session.get_one(Case, hush()[0])
    bank = account("jiulong-bank")
    loan = mine.loan
    other_loan = Loan(
        lender_id=loan.lender_id, contract_no="HT-OTHER", borrower_id=loan.borrower_id, household_id=loan.household_id,
        township_code=loan.township_code, branch_id=bank.branch_id, principal=2_000_000, balance=1_234_500,
        overdue=1_234_500, disbursed_on=date(2021, 1, 1), due_on=date(2023, 1, 1), effective_due_on=date(2023, 1, 1),
        as_of=loan.as_of,
    )  # fmt: skip
    db.session.add(other_loan)
    db.session.flush()
    other = Case(
        loan_id=other_loan.id, borrower_id=loan.borrower_id, township_code=loan.township_code,
        branch_id=bank.branch_id, due_on=date(2023, 1, 1), overdue=1_234_500, opened_on=TODAY,
        township_user_id=account("agang").id, branch_user_id=bank.id,
    )  # fmt: skip
    db.session.add(other)
    db.session.commit()
    return loan.household_id, mine, other


def test_the_township_sees_all_and_a_branch_its_own(
    shared: tuple[int, Case, Case], signed_in: SignIn
) -> None:
    number, mine, other = shared
    called(mine, "agang-bank", "在家，答应周五还。")
    called(other, "jiulong-bank", "九龙支行的电话。")
    called(other, "jiulong-bank", "又打一次，没有人接。", Reached.NOBODY)
    pages = {
        who: Browser(signed_in(who)).get(f"/households/{number}") for who in ("agang", "agang-bank", "office")
    }
    for who in ("agang", "office"):
        said = words(pages[who])
        assert "HT-OTHER" in said and "12345.00" in said
        assert "在家，答应周五还。" in said and "九龙支行的电话。" in said
    bank = words(pages["agang-bank"])
    assert "HT-OTHER" not in bank and "九龙支行的电话。" not in bank and "在家，答应周五还。" in bank
    assert f"/cases/{mine.id}" in Page(pages["agang-bank"]).hrefs
    assert f"/cases/{other.id}" not in Page(pages["agang-bank"]).hrefs
    # What was done today is told to both as a number: the rule counts it for all.
    for page in pages.values():
        assert "电话接通 2 次，未接 1 次" in words(page)


def test_it_does_not_exist_for_strangers(shared: tuple[int, Case, Case], signed_in: SignIn) -> None:
    number = shared[0]
    Browser(signed_in("jiulong-bank")).get(f"/households/{number}")
    for who, status in (("jiulong", 404), ("admin", 403)):
        Browser(signed_in(who)).get(f"/households/{number}", status=status)
    Browser(signed_in("office")).get("/households/99999999", status=404)


def test_promises_and_what_a_case_links_to(shared: tuple[int, Case, Case], signed_in: SignIn) -> None:
    number, mine, _ = shared
    promise = Promise(
        case_id=mine.id,
        loan_id=mine.loan_id,
        taken_by_id=account("agang").id,
        taken_on=TODAY,
        amount=300_000,
        last_due_on=date(2023, 12, 20),
    )
    db.session.add(promise)
    db.session.commit()
    agang = Browser(signed_in("agang"))
    assert f"/households/{number}" in Page(agang.get(f"/cases/{mine.id}")).hrefs
    rows = Page(agang.get(f"/households/{number}")).tables["promises-table"]
    assert any("3000.00" in row.numbers and "2023年12月20日" in row.numbers for row in rows)


def test_both_languages_and_a_constant_number_of_statements(
    shared: tuple[int, Case, Case], signed_in: SignIn
) -> None:
    number, mine, other = shared
    agang = Browser(signed_in("agang"))

    def counted() -> int:
        agang.get(f"/households/{number}")
        with statements() as said:
            agang.get(f"/households/{number}")
        return len(said)

    few = counted()
    for text in ("一", "二", "三"):
        called(mine, "agang", text)
        called(other, "agang", text)
    assert counted() == few <= 20
    assert english_in(agang.get(f"/households/{number}"), "HT-OTHER") == set()
    assert len(english_in(agang.get(f"/households/{number}?lang=en"))) > 10
