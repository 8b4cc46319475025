"""What borrowers of the demonstration county promised in November, and the repayments that collectors reported."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from app.demo.life import Loan
from app.demo.plan import NOVEMBER, OCTOBER
from app.demo.staff import branch_user, township_user
from app.money import FEN_PER_YUAN


@dataclass(frozen=True, slots=True)
class DemoPromise:
    """``amount`` (分) in ``count`` monthly parts from ``due_on`` on; ``at`` is on the county's clock."""

    contract_no: str
    at: datetime
    author: str
    channel: str
    amount: int
    due_on: date
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class DemoReport:
    """A repayment of ``amount`` (分) reported on ``on``."""

    contract_no: str
    on: date
    author: str
    amount: int
    paid_on: date
    evidence: str


def _paid(loan: Loan) -> int:
    """What November's ledger shows to have been paid after the 9th, 分."""
    late = loan.overdue(OCTOBER) > 0 and loan.payments and loan.payments[-1][0] > date(2023, 11, 9)
    return loan.balance(OCTOBER) - loan.balance(NOVEMBER) if late else 0


def _wholly(loan: Loan) -> bool:
    return _paid(loan) > 0 == loan.balance(NOVEMBER)


def _in_part(loan: Loan) -> bool:
    return _paid(loan) > 0 and loan.overdue(NOVEMBER) > 0


def _not(loan: Loan) -> bool:
    return 0 < loan.overdue(OCTOBER) == loan.overdue(NOVEMBER)


def _all_of_it(loan: Loan) -> int:
    return loan.balance(OCTOBER)


def _yuan(amount: int) -> Callable[[Loan], int]:
    return lambda _: amount * FEN_PER_YUAN


def _half_as_much_again(loan: Loan) -> int:
    """More than was paid."""
    return min(_paid(loan) * 3 // 2, loan.balance(OCTOBER))


@dataclass(frozen=True, slots=True)
class _Script:
    """A promise on the township's first free loan that ``fits``: taken on ``when`` "11-06 09:40", due on ``due``."""

    stem: str
    fits: Callable[[Loan], bool]
    when: str
    by_branch: bool
    channel: str
    amount: Callable[[Loan], int]
    due: str
    text: str
    count: int = 1

    def promise(self, loan: Loan) -> DemoPromise:
        return DemoPromise(
            loan.contract_no,
            datetime.fromisoformat(f"2023-{self.when}"),
            _author(loan, self.by_branch),
            self.channel,
            self.amount(loan),
            date.fromisoformat(f"2023-{self.due}"),
            self.text,
            self.count,
        )


def _author(loan: Loan, by_branch: bool) -> str:
    return branch_user(loan.branch.pinyin) if by_branch else township_user(loan.township.pinyin)


_PROMISES = (
    _Script("阿岗", _wholly, "11-06 09:40", False, "visit", _all_of_it, "11-30", "烤烟款到账后一次还清。"),
    _Script("九龙", _wholly, "11-07 15:20", True, "call", _all_of_it, "11-30", "月底前到网点还清。"),
    _Script(
        "阿岗", _in_part, "11-08 10:10", False, "visit", _half_as_much_again, "11-30", "卖小米后还一部分。"
    ),
    _Script("阿岗", _not, "11-09 16:00", True, "call", _yuan(10_000), "11-25", "在外务工，发工资后转账。"),
    _Script("罗雄", _not, "11-10 11:05", False, "visit", _yuan(5_000), "11-28", "等生姜款。"),
    _Script("阿岗", _not, "11-28 09:30", False, "visit", _yuan(3_000), "12-05", "本人签了还款承诺书。"),
    _Script("阿岗", _not, "11-29 14:45", True, "call", _yuan(8_000), "12-05", "向亲戚借到后即还。"),
    _Script("九龙", _not, "11-29 10:20", False, "visit", _yuan(12_000), "12-20", "每月还3000元，分四次。", 4),
)
_CONFIRMED = ("阿岗", _in_part, "网点回单，本人签字。")
_CONTRADICTED = ("阿岗", _not, "本人称已存入还款卡，未见凭证。")


class _Free:
    """The loans that nothing is told of yet."""

    def __init__(self, loans: list[Loan], told: set[str]) -> None:
        self._loans, self._told = loans, set(told)

    def take(self, stem: str, fits: Callable[[Loan], bool]) -> Loan:
        found = next(
            one
            for one in self._loans
            if one.township.stem == stem and one.contract_no not in self._told and fits(one)
        )
        self._told.add(found.contract_no)
        return found


def promises(loans: list[Loan], told: set[str]) -> tuple[tuple[DemoPromise, ...], tuple[DemoReport, ...]]:
    """Promises and reports of November on loans that are not ``told`` of elsewhere; before its ledger."""
    free = _Free(loans, told)
    made = tuple(script.promise(free.take(script.stem, script.fits)) for script in _PROMISES)
    paid, said = free.take(*_CONFIRMED[:2]), free.take(*_CONTRADICTED[:2])
    day = paid.payments[-1][0]
    return made, (
        DemoReport(paid.contract_no, day, _author(paid, False), _paid(paid), day, _CONFIRMED[2]),
        DemoReport(
            said.contract_no,
            date(2023, 11, 21),
            _author(said, False),
            2_000 * FEN_PER_YUAN,
            date(2023, 11, 20),
            _CONTRADICTED[2],
        ),
    )
