"""Who signs in to the demonstration county, and what its collectors noted. Names are invented."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.accounts.rules import Role
from app.demo.dice import Dice
from app.demo.life import Loan
from app.demo.people import Registry
from app.demo.plan import BRANCHES, COUNTY, NOVEMBER, OCTOBER, SEPTEMBER, TOWNSHIPS

OFFICE = "office"


@dataclass(frozen=True, slots=True)
class DemoUser:
    """An account: ``region`` is a statistical code, ``branch`` the name of a branch collector's branch."""

    username: str
    name: str
    role: Role
    region: str | None
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class DemoNote:
    """A contact note on the case that the loan ``contract_no`` had on the day ``on``."""

    contract_no: str
    on: date
    author: str
    text: str


def township_user(pinyin: str) -> str:
    return pinyin


def branch_user(pinyin: str) -> str:
    return f"{pinyin}-bank"


def users(dice: Dice, registry: Registry) -> tuple[DemoUser, ...]:
    """The county office first: its sign-in is the one that is printed."""

    def name() -> str:
        return registry.name(female=dice.chance(40))

    return (
        DemoUser(OFFICE, name(), Role.OFFICE, COUNTY),
        DemoUser("leader", name(), Role.LEADER, COUNTY),
        DemoUser("auditor", name(), Role.AUDITOR, COUNTY),
        DemoUser("admin", name(), Role.ADMIN, None),
        *(DemoUser(township_user(plan.pinyin), name(), Role.TOWNSHIP, plan.code) for plan in TOWNSHIPS),
        *(DemoUser(branch_user(plan.pinyin), name(), Role.BRANCH, None, plan.name) for plan in BRANCHES),
    )


def _always_overdue(loan: Loan) -> bool:
    return 0 < loan.overdue(SEPTEMBER) == loan.overdue(OCTOBER) == loan.overdue(NOVEMBER)


def _paid_in_november(loan: Loan) -> bool:
    late = loan.overdue(SEPTEMBER) > 0 and loan.overdue(OCTOBER) > 0 == loan.balance(NOVEMBER)
    return late and loan.payments[-1][0] > date(2023, 11, 9)


def _paid_in_october(loan: Loan) -> bool:
    return loan.overdue(SEPTEMBER) > 0 == loan.balance(OCTOBER) and loan.payments[-1][0] > date(2023, 10, 12)


def _overdue_again(loan: Loan) -> bool:
    return loan.overdue(SEPTEMBER) > 0 == loan.overdue(OCTOBER) and loan.overdue(NOVEMBER) > 0


def _new_in_november(loan: Loan) -> bool:
    return loan.overdue(OCTOBER) == 0 < loan.overdue(NOVEMBER) and loan.change(NOVEMBER) is None


_TOWNSHIP, _BRANCH = 0, 1


@dataclass(frozen=True, slots=True)
class _Script:
    """Notes (day, line, text) for the township's first loan that ``fits`` and has none yet."""

    stem: str
    fits: Callable[[Loan], bool]
    entries: tuple[tuple[date, int, str], ...]


_SCRIPTS = (
    _Script(
        "九龙",
        _paid_in_october,
        (
            (date(2023, 10, 10), _TOWNSHIP, "入户走访，本人在家。烟叶款本月下旬到账，承诺到账后一次还清。"),
            (date(2023, 10, 30), _BRANCH, "已核对账户流水，本息结清。"),
        ),
    ),
    _Script(
        "阿岗",
        _always_overdue,
        (
            (
                date(2023, 10, 18),
                _BRANCH,
                "电话联系到本人，说明了欠款和还款账户。本人在外务工，称春节前归还。",
            ),
            (date(2023, 11, 9), _TOWNSHIP, "入户，本人未回。请家属转告本人回电，未谈及其他事项。"),
            (date(2023, 11, 22), _BRANCH, "本人回电，愿意每月还2000元，约定12月8日到网点商定分期计划。"),
        ),
    ),
    _Script(
        "阿岗",
        _always_overdue,
        (
            (date(2023, 10, 12), _BRANCH, "拨打两次，无人接听。"),
            (date(2023, 10, 31), _BRANCH, "仍无人接听，请乡镇核实联系方式。"),
            (date(2023, 11, 15), _TOWNSHIP, "本人已搬到县城租住，取得新号码，本周上门。"),
        ),
    ),
    _Script(
        "阿岗",
        _always_overdue,
        ((date(2023, 11, 17), _TOWNSHIP, "本人上月住院，正在恢复。已告知可申请分期，暂不再催。"),),
    ),
    _Script(
        "阿岗",
        _paid_in_november,
        (
            (date(2023, 10, 20), _TOWNSHIP, "入户，本人承诺11月卖牛后还款。"),
            (date(2023, 11, 8), _BRANCH, "电话提醒，本人称已谈好买主。"),
        ),
    ),
    _Script(
        "罗雄",
        _always_overdue,
        ((date(2023, 11, 3), _TOWNSHIP, "与客户经理入户。生姜尚未出售，承诺12月15日前先还1万元。"),),
    ),
    _Script(
        "富乐",
        _overdue_again,
        (
            (date(2023, 10, 11), _TOWNSHIP, "与客户经理入户，本人同意先还1万元，其余11月20日前还清。"),
            (date(2023, 12, 1), _BRANCH, "约定的余额没有到账。联系到本人，称货款被拖欠，12月10日前答复。"),
        ),
    ),
    _Script(
        "鲁布革",
        _new_in_november,
        ((date(2023, 12, 4), _TOWNSHIP, "首次联系，本人忘了到期日，答应本周到网点办理。"),),
    ),
)


def notes(loans: list[Loan]) -> tuple[DemoNote, ...]:
    """The scripts' notes, by the collectors of each loan's township and branch."""
    written: dict[str, list[DemoNote]] = {}
    for script in _SCRIPTS:
        loan = next(
            loan
            for loan in loans
            if loan.township.stem == script.stem and loan.contract_no not in written and script.fits(loan)
        )
        authors = (township_user(loan.township.pinyin), branch_user(loan.branch.pinyin))
        written[loan.contract_no] = [
            DemoNote(loan.contract_no, on, authors[line], text) for on, line, text in script.entries
        ]
    return tuple(sorted((note for notes in written.values() for note in notes), key=lambda note: note.on))
