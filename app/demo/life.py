"""The life of one invented loan, and the ledger row that it gives at a date.

A loan is described once: what was lent, what was paid when, when the due date moved. Every month's ledger is
read off that one description, so the months cannot contradict each other.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from app.demo.amounts import HOUSEHOLD_CAP, USUAL_CAP
from app.demo.people import Household, Person
from app.demo.plan import LENDER, BranchPlan, TownshipPlan

_DAYS_A_YEAR, _BASIS_POINTS = 365, 10_000
_CREDIT_BEFORE_LOAN = timedelta(days=21)
_GRADES = ((360, "损失"), (270, "可疑"), (90, "次级"), (0, "关注"))


@dataclass(frozen=True, slots=True)
class DueChange:
    """From ``on`` the due date is ``due_on``, and the ledger's remark says why."""

    on: date
    due_on: date
    remark: str


@dataclass(slots=True, eq=False)
class Loan:
    """Amounts in 分. ``deferred`` is the part of an overdue balance that is paid later by agreement."""

    township: TownshipPlan
    branch: BranchPlan
    household: Household
    borrower: Person
    relation: str
    principal: int
    disbursed_on: date
    first_due_on: date
    term_months: int
    rate: int
    purpose: str
    remark: str = ""
    is_top_up: bool = False
    deferred: int = 0
    payments: list[tuple[date, int]] = field(default_factory=list)
    due_change: DueChange | None = None
    missing_from: date | None = None
    contract_no: str = ""

    def change(self, day: date) -> DueChange | None:
        """The change of the due date that is in force on ``day``."""
        return self.due_change if self.due_change and self.due_change.on <= day else None

    def due_on(self, day: date) -> date:
        """The due date as known on ``day``."""
        change = self.change(day)
        return change.due_on if change else self.first_due_on

    def balance(self, day: date) -> int:
        return self.principal - sum(amount for on, amount in self.payments if on <= day)

    def overdue(self, day: date) -> int:
        return max(self.balance(day) - self.deferred, 0) if self.due_on(day) < day else 0

    def pay(self, on: date, amount: int) -> None:
        if amount > 0:
            self.payments = sorted([*self.payments, (on, amount)])

    def listed(self, day: date) -> bool:
        return self.disbursed_on <= day and (self.missing_from is None or day < self.missing_from)


def _interest(amount: int, rate: int, days: int) -> int:
    """Simple interest in 分, half up; ``rate`` in basis points."""
    whole = _DAYS_A_YEAR * _BASIS_POINTS
    return (amount * rate * max(days, 0) + whole // 2) // whole


def _grade(days_past_due: int) -> str:
    return next((grade for days, grade in _GRADES if days_past_due > days), "正常")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the ledger, in the order of its columns: amounts in 分, the rate in basis points."""

    number: int
    township: str
    village: str
    group: str
    head: str
    head_id: str
    household_size: int
    borrower: str
    borrower_id: str
    relation: str
    phone: str
    category: str
    credit_grade: str
    credit_limit: int
    credit_lender: str
    credit_on: date
    contract_no: str
    lender: str
    branch: str
    principal: int
    term_months: int
    disbursed_on: date
    due_on: date
    rate: int
    subsidy: int
    repaid: int | None
    repaid_on: date | None
    balance: int
    overdue: int
    overdue_since: date | None
    interest_owed: int | None
    interest_owed_since: date | None
    grade: str
    not_lent_though_entitled: str
    purpose: str
    remark: str


def row(loan: Loan, number: int, township_name: str, day: date) -> Row:
    """What the ledger as of ``day`` says of ``loan``."""
    house, due, overdue, change = loan.household, loan.due_on(day), loan.overdue(day), loan.change(day)
    since = due + timedelta(days=1) if overdue else None
    late = (day - due).days if overdue else 0
    paid = [payment for payment in loan.payments if payment[0] <= day]
    repaid_on, repaid = paid[-1] if paid and loan.branch.gives_repayments else (None, None)
    subsidised_to = min(paid[-1][0] if paid and loan.balance(day) == 0 else day, loan.first_due_on)
    return Row(
        number=number,
        township=township_name,
        village=house.village,
        group=house.group,
        head=house.head.name,
        head_id=house.head.id_number,
        household_size=house.size,
        borrower=loan.borrower.name,
        borrower_id=loan.borrower.id_number,
        relation=loan.relation,
        phone=loan.borrower.phone,
        category=house.category,
        credit_grade=house.credit_grade,
        credit_limit=HOUSEHOLD_CAP if loan.principal > USUAL_CAP or loan.is_top_up else USUAL_CAP,
        credit_lender=LENDER,
        credit_on=loan.disbursed_on - _CREDIT_BEFORE_LOAN,
        contract_no=loan.contract_no,
        lender=LENDER,
        branch=loan.branch.name,
        principal=loan.principal,
        term_months=loan.term_months,
        disbursed_on=loan.disbursed_on,
        due_on=due,
        rate=loan.rate,
        subsidy=_interest(
            min(loan.principal, USUAL_CAP), loan.rate, (subsidised_to - loan.disbursed_on).days
        ),
        repaid=repaid,
        repaid_on=repaid_on,
        balance=loan.balance(day),
        overdue=overdue,
        overdue_since=since,
        interest_owed=_interest(overdue, loan.rate, late) if overdue else None,
        interest_owed_since=since,
        grade=_grade(late),
        not_lent_though_entitled="否",
        purpose=loan.purpose,
        remark=change.remark if change else loan.remark,
    )
