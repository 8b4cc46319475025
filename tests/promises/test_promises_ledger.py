"""What collectors entered before a ledger came, and what the ledger makes of it: reports, promises, and no figure."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.bulletin.figures import Figures
from app.bulletin.queries import figures
from app.cases.models import Case
from app.cases.states import State
from app.contacts.actions import Entry
from app.intake import settle
from app.loans.models import Loan
from app.promises.actions import Report, Terms, report_repayment, take_promise
from app.promises.judging import judge_promises
from app.promises.models import Promise, ReportedRepayment
from app.promises.queries import owed
from app.promises.rules import Part, PromiseState, ReportState
from tests.contacts.conftest import Clock
from tests.intake.world import NOVEMBER, OCTOBER, loan, taken
from tests.ledger.factory import COUNTY, row

DAY, DUE, LATER = date(2023, 11, 8), date(2023, 11, 20), "2023-12-05T10:30"
AMOUNT = 1_000_000  # 分
OVERDUE = {"到期日期": date(2023, 8, 31), "贷款余额": 30_000, "逾期贷款金额": 30_000}
LINES = {name: row(合同号=name, **OVERDUE) for name in ("shown", "hidden", "paid", "nothing")}
PAID = {"贷款余额": 20_000, "逾期贷款金额": 20_000, "偿还贷款金额": 10_000}


def case_of(session: Session, contract: str) -> Case:
    return session.scalars(select(Case).join(Loan).where(Loan.contract_no == contract)).one()


@pytest.fixture
def cases(session: Session, tmp_path: Path, clock: Clock) -> dict[str, Case]:
    """Four overdue loans of the ledger of October, with their cases."""
    assert clock("2023-11-08T10:30").date() == DAY
    taken(tmp_path, list(LINES.values()), OCTOBER)
    return {name: case_of(session, name) for name in LINES}


def promised(session: Session, found: Case, author: User) -> Promise:
    return take_promise(session, found, author, Terms(AMOUNT, [Part(DUE, AMOUNT)]), Entry(""), DAY)


def reported(session: Session, found: Case, author: User) -> ReportedRepayment:
    return report_repayment(session, found, author, Report(AMOUNT, DAY, "收据"), DAY)


def test_a_ledger_settles_reports_and_judges_promises(
    session: Session,
    tmp_path: Path,
    cases: dict[str, Case],
    author: User,
    clock: Clock,
) -> None:
    promises = {name: promised(session, found, author) for name, found in cases.items()}
    reports = {name: reported(session, cases[name], author) for name in ("shown", "hidden")}
    session.commit()
    clock(LATER)
    judge_promises(session, date(2023, 11, 21))
    session.commit()
    states = {name: made.state for name, made in promises.items()}
    kept, broken = PromiseState.KEPT, PromiseState.BROKEN
    assert states == {"shown": kept, "hidden": kept, "paid": broken, "nothing": broken}

    lines = LINES | {
        "shown": LINES["shown"] | PAID | {"还款时间": "2023-11-10"},
        "paid": LINES["paid"] | PAID | {"还款时间": "2023-11-20"},
    }
    taken(tmp_path, list(lines.values()), NOVEMBER)
    assert {name: made.state for name, made in reports.items()} == {
        "shown": ReportState.CONFIRMED, "hidden": ReportState.CONTRADICTED,
    }  # fmt: skip
    assert reports["shown"].settled_as_of == reports["hidden"].settled_as_of == NOVEMBER
    assert {name: (made.state, made.paid) for name, made in promises.items()} == {
        "shown": (kept, AMOUNT), "hidden": (broken, 0), "paid": (kept, AMOUNT), "nothing": (broken, 0),
    }  # fmt: skip
    assert {name: found.promise_broken_on is not None for name, found in cases.items()} == {
        "shown": False, "hidden": True, "paid": False, "nothing": True,
    }  # fmt: skip
    assert {found.state for found in cases.values()} == {State.WORKING}
    assert [owed(session, cases[name]) for name in ("shown", "hidden")] == [2 * AMOUNT, 3 * AMOUNT]


def test_reported_repayments_change_no_figure_of_the_bulletin(
    session: Session,
    tmp_path: Path,
    cases: dict[str, Case],
    author: User,
    clock: Clock,
) -> None:
    def printed() -> list[Figures]:
        session.expire_all()
        return [figures(session, COUNTY, month) for month in (OCTOBER, NOVEMBER)]

    before = printed()
    assert sum(one.overdue_fen for one in before[0].rows) == sum(
        loan(session, name).overdue for name in LINES
    )
    made = [reported(session, found, author) for found in cases.values()]
    session.commit()
    clock(LATER)
    settle(session, date(2023, 12, 5), "system")
    session.commit()
    assert owed(session, cases["shown"]) == 2 * AMOUNT  # for the work it counts
    assert printed() == before

    taken(tmp_path, [line | PAID | {"还款时间": "2023-11-10"} for line in LINES.values()], NOVEMBER)
    assert {one.state for one in made} == {ReportState.CONFIRMED}
    october, november = printed()
    assert october == before[0]
    assert november != before[1]  # the control: what a ledger says is printed
