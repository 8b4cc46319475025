"""What the papers say, from values that were fixed when they were printed. Pure.

The papers are Chinese documents whatever language the reader has. They name the debt, a date and whom to ask; they
threaten nobody, speak in no court's name, and name no township and no official as a guarantor (民法典 §683).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Self

from app.money import yuan
from app.papers.rules import Delivery, PaperKind

BLANK = "＿" * 7  # where something is written by hand
TITLES = {PaperKind.DEMAND: "催收通知书", PaperKind.PROMISE: "还款承诺书", PaperKind.MATURITY: "贷款到期通知"}
COPIES = ("第一联　借款人留存", "第二联　存档")  # 一式两份
HOW = {Delivery.SIGNED: "签收", Delivery.LEFT: "留置送达", Delivery.REFUSED: "拒收"}
_DATES = ("disbursed_on", "due_on", "as_of", "printed_on", "pay_by")


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """All that a paper says. Amounts in 分; ``id_masked`` is masked, the collectors are names or "".

    ``interest`` is None where the ledger does not tell it. ``as_of`` is the ledger's date, of the amounts.
    """

    lender: str
    branch: str
    township: str
    village: str
    borrower: str
    id_masked: str
    contract_no: str
    principal: int
    disbursed_on: date
    due_on: date
    balance: int
    overdue: int
    interest: int | None
    days_past_due: int
    as_of: date
    printed_on: date
    pay_by: date
    township_contact: str = ""
    branch_contact: str = ""

    def to_json(self) -> dict[str, Any]:
        return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """What ``to_json`` stored; of a later version's values those that are known here."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {k: v for k, v in stored.items() if k in known}
        for name in _DATES:
            values[name] = date.fromisoformat(values[name])
        return cls(**values)

    @property
    def office(self) -> str:
        """Where to pay: the branch, with its lender's name in front unless it bears it."""
        if not self.branch:
            return self.lender
        return self.branch if self.branch.startswith(self.lender) else self.lender + self.branch


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper's text: to whom, the paragraphs, the lines to be filled in, and who signs at the end."""

    title: str
    addressee: str
    paragraphs: tuple[str, ...]
    lines: tuple[str, ...]
    closing: tuple[str, ...]


def chinese_date(day: date) -> str:
    """``2023年12月5日``, as GB/T 9704 has it: no leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日"


def _amount(fen: int) -> str:
    whole, _, part = yuan(fen).partition(".")
    return f"{int(whole):,}.{part}元"


def sheet(kind: PaperKind, facts: PaperFacts) -> Sheet:
    return _SHEETS[kind](facts)


def _loan(facts: PaperFacts) -> str:
    return (
        f"{chinese_date(facts.disbursed_on)}在{facts.office}借款{_amount(facts.principal)}"
        f"（合同编号：{facts.contract_no}）"
    )


def _owed(facts: PaperFacts) -> str:
    parts = [f"借款余额{_amount(facts.balance)}"]
    if facts.overdue:
        parts.append(f"其中逾期{_amount(facts.overdue)}")
    parts.append("利息以贷款人核算为准" if facts.interest is None else f"欠息{_amount(facts.interest)}")
    return f"截至{chinese_date(facts.as_of)}，{'，'.join(parts)}"


def _person(facts: PaperFacts) -> str:
    return f"{facts.borrower}（身份证号码：{facts.id_masked}）"


def _contacts(facts: PaperFacts) -> tuple[str, ...]:
    return (
        f"贷款人联系人：{facts.branch_contact or BLANK}　电话：{BLANK}",
        f"{facts.township}联系人：{facts.township_contact or BLANK}　电话：{BLANK}",
    )


def _issued(facts: PaperFacts) -> tuple[str, ...]:
    return f"{facts.office}（章）", chinese_date(facts.printed_on)


def _demand(facts: PaperFacts) -> Sheet:
    late = f"，到本通知书出具之日已逾期{facts.days_past_due}天" if facts.days_past_due else ""
    return Sheet(
        TITLES[PaperKind.DEMAND],
        f"{_person(facts)}：",
        (
            f"您于{_loan(facts)}，{chinese_date(facts.due_on)}到期{late}。{_owed(facts)}。",
            (
                f"请您于{chinese_date(facts.pay_by)}前归还到期本息。逾期未还的，将按合同约定继续计收利息，"
                "并按规定如实报送信用信息，贷款人可依法主张债权。"
            ),
            "如还款暂有困难，请在上述日期前告知我们，共同商量还款安排。已经还款或对金额有疑问的，请持凭证与我们核对。",
        ),
        _contacts(facts),
        _issued(facts),
    )


def _maturity(facts: PaperFacts) -> Sheet:
    falls = "已于" if facts.due_on <= facts.printed_on else "将于"
    return Sheet(
        TITLES[PaperKind.MATURITY],
        f"{_person(facts)}：",
        (
            f"您于{_loan(facts)}，{falls}{chinese_date(facts.due_on)}到期。{_owed(facts)}。",
            f"请您提前准备资金，于{chinese_date(facts.pay_by)}前办理还款，按时还款有助于保持良好的信用记录。",
            (
                "如还款有困难，请尽早与我们联系，商量还款安排。续贷、展期须在到期前申请，并符合政策规定的条件。"
                "如您已经还款，请忽略本通知。"
            ),
        ),
        _contacts(facts),
        _issued(facts),
    )


def _promise(facts: PaperFacts) -> Sheet:
    by_hand = f"　　　　年　　月　　日前，归还{BLANK}元"
    return Sheet(
        TITLES[PaperKind.PROMISE],
        f"{facts.office}：",
        (
            f"本人{_person(facts)}，于{_loan(facts)}，{chinese_date(facts.due_on)}到期。{_owed(facts)}。",
            f"本人确认上述借款，自愿承诺于{chinese_date(facts.pay_by)}前归还到期本息；分次归还的，按以下时间和金额归还：",
        ),
        (by_hand, by_hand, by_hand, f"联系电话：{BLANK}{BLANK}"),
        (f"承诺人（签名、按指印）：{BLANK}", "　　　　年　　月　　日"),
    )


_SHEETS: dict[PaperKind, Callable[[PaperFacts], Sheet]] = {
    PaperKind.DEMAND: _demand,
    PaperKind.PROMISE: _promise,
    PaperKind.MATURITY: _maturity,
}


def receipt_rows(kind: PaperKind) -> tuple[tuple[str, ...], ...]:
    """The strip at the foot of each copy, filled in by hand: rows of labels and the spaces behind them."""
    day = "　　年　　月　　日"
    if kind is PaperKind.PROMISE:
        return (("经办人签名", "", "日期", day),)
    boxes = "　　".join(f"□{word}" for word in ("本人签收", "留置（有见证人）", "拒收"))
    return (
        ("送达方式", boxes),
        ("签收人签名、指印", "", "见证人签名", ""),
        ("送达人签名", "", "送达日期", day),
    )


def receipt_title(kind: PaperKind) -> str:
    return "经办记录" if kind is PaperKind.PROMISE else "送达回证"


def delivered_note(kind: PaperKind, printed_on: date, how: Delivery, witness: str, text: str) -> str:
    """The contact note of a delivery."""
    said = f"{TITLES[kind]}（{chinese_date(printed_on)}打印）：{HOW[how]}。"
    if witness:
        said += f"见证人：{witness}。"
    return f"{said}{text}"
