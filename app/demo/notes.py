"""What the collectors of the demonstration county noted, each on the case of an invented loan."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from app.demo.life import Loan
from app.demo.plan import NOVEMBER, OCTOBER, SEPTEMBER
from app.demo.staff import branch_user, township_user


@dataclass(frozen=True, slots=True)
class DemoNote:
    """A contact on the case that the loan ``contract_no`` had on that day; words of ``contacts.rules`` by their values.

    ``at`` is on the county's clock. ``step`` is the next action, ``step_on`` its day. ``mark`` is what became known.
    """

    contract_no: str
    at: datetime
    author: str
    text: str
    channel: str = "visit"
    disposition: str = "right_party"
    step: str = ""
    step_on: date | None = None
    mark: str = ""

    @property
    def on(self) -> date:
        return self.at.date()


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
class _Said:
    """``when`` is "10-18 09:40", ``how`` "call refuses", ``then`` "visit 12-06", ``line`` one of the two."""

    when: str
    line: int
    how: str
    text: str = ""
    then: str = ""
    mark: str = ""

    def note(self, loan: Loan) -> DemoNote:
        channel, _, disposition = self.how.partition(" ")
        step, _, step_on = self.then.partition(" ")
        authors = (township_user(loan.township.pinyin), branch_user(loan.branch.pinyin))
        return DemoNote(
            loan.contract_no,
            datetime.fromisoformat(f"2023-{self.when}"),
            authors[self.line],
            self.text,
            channel,
            disposition,
            step,
            date.fromisoformat(f"2023-{step_on}") if step_on else None,
            self.mark,
        )


@dataclass(frozen=True, slots=True)
class _Script:
    """What was said on the township's first loan that ``fits`` and has no notes yet."""

    stem: str
    fits: Callable[[Loan], bool]
    entries: tuple[_Said, ...]


_SCRIPTS = (
    _Script(
        "九龙",
        _paid_in_october,
        (
            _Said(
                "10-10 10:20",
                _TOWNSHIP,
                "visit promise",
                "入户走访，本人在家。烟叶款本月下旬到账，承诺到账后一次还清。",
                "check_payment 10-30",
            ),
            _Said("10-30 09:15", _BRANCH, "note paid", "已核对账户流水，本息结清。"),
        ),
    ),
    _Script(
        "阿岗",
        _always_overdue,
        (
            _Said(
                "10-18 10:05",
                _BRANCH,
                "call right_party",
                "电话联系到本人，说明了欠款和还款账户。本人在外务工，称春节前归还。",
                "call 11-20",
            ),
            _Said(
                "11-09 15:30",
                _TOWNSHIP,
                "visit message_left",
                "入户，本人未回。请家属转告本人回电，未谈及其他事项。",
                "visit 11-30",
            ),
            _Said(
                "11-22 18:40",
                _BRANCH,
                "call right_party",
                "本人回电，愿意每月还2000元，约定12月8日到网点商定分期计划。",
                "other 12-08",
            ),
        ),
    ),
    _Script(
        "阿岗",
        _always_overdue,
        (
            _Said("10-12 09:30", _BRANCH, "call no_answer", "拨打两次，无人接听。", "call 10-31"),
            _Said("10-31 16:10", _BRANCH, "call no_answer", "仍无人接听，请乡镇核实联系方式。", "call 11-14"),
            _Said(
                "11-15 11:00",
                _TOWNSHIP,
                "visit moved",
                "本人已搬到县城租住，取得新号码，本周上门。",
                "visit 11-24",
            ),
        ),
    ),
    _Script(
        "阿岗",
        _always_overdue,
        (
            _Said(
                "11-17 10:40",
                _TOWNSHIP,
                "visit ill",
                "本人上月住院，正在恢复。已告知可申请分期，暂不再催。",
                mark="illness",
            ),
        ),
    ),
    _Script(
        "阿岗",
        _paid_in_november,
        (
            _Said("10-20 14:25", _TOWNSHIP, "visit promise", "入户，本人承诺11月卖牛后还款。", "call 11-08"),
            _Said("11-08 09:50", _BRANCH, "call right_party", "电话提醒，本人称已谈好买主。"),
        ),
    ),
    _Script(
        "罗雄",
        _always_overdue,
        (
            _Said(
                "11-03 15:00",
                _TOWNSHIP,
                "visit promise",
                "与客户经理入户。生姜尚未出售，承诺12月15日前先还1万元。",
                "check_payment 12-15",
            ),
            _Said(
                "11-28 10:10",
                _BRANCH,
                "call disputes",
                "本人认为利息算错，已解释，约定带存折到网点核对。",
                "other 12-05",
            ),
        ),
    ),
    _Script(
        "富乐",
        _overdue_again,
        (
            _Said(
                "10-11 10:30",
                _TOWNSHIP,
                "visit promise",
                "与客户经理入户，本人同意先还1万元，其余11月20日前还清。",
                "check_payment 11-20",
            ),
            _Said(
                "12-01 11:20",
                _BRANCH,
                "call right_party",
                "约定的余额没有到账。联系到本人，称货款被拖欠，12月10日前答复。",
                "call 12-10",
            ),
        ),
    ),
    _Script(
        "九龙",
        _always_overdue,
        (
            _Said("11-13 09:40", _BRANCH, "call wrong_number", "接听人称不认识借款人。", "visit 11-20"),
            _Said(
                "11-21 16:30", _TOWNSHIP, "visit unreachable", "三次上门无人，邻居称全家外出。", "visit 12-04"
            ),
        ),
    ),
    _Script(
        "马街",
        _always_overdue,
        (
            _Said("11-16 10:15", _TOWNSHIP, "visit refuses", "称当年为他人使用，不愿归还。", "paper 12-05"),
            _Said("11-30 09:20", _BRANCH, "letter delivered", "催收通知书本人签收。", "call 12-11"),
        ),
    ),
    _Script(
        "鲁布革",
        _new_in_november,
        (
            _Said(
                "12-04 17:05",
                _TOWNSHIP,
                "visit right_party",
                "首次联系，本人忘了到期日，答应本周到网点办理。",
                "check_payment 12-08",
            ),
        ),
    ),
)


def notes(loans: list[Loan]) -> tuple[DemoNote, ...]:
    """The scripts' notes, by the collectors of each loan's township and branch, in the order of time."""
    written: dict[str, list[DemoNote]] = {}
    for script in _SCRIPTS:
        loan = next(
            loan
            for loan in loans
            if loan.township.stem == script.stem and loan.contract_no not in written and script.fits(loan)
        )
        written[loan.contract_no] = [said.note(loan) for said in script.entries]
    return tuple(sorted((note for notes in written.values() for note in notes), key=lambda note: note.at))
