"""What a message says: templates with fields of a fixed list, and wording that is refused. Pure.

A field that is empty for one borrower makes no message with a hole in it: ``render`` says which, and a person decides.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.labels import T, Text
from app.money import wan

FIELDS = {
    "signature": T("the signature 【…】 of the sender"),
    "name": T("the borrower's name, masked"),
    "amount": T("the balance, in units of ten thousand yuan"),
    "due": T("the due date"),
    "phone": T("the number to ask at"),
}
GENERAL = ("signature", "name", "phone")  # what is known of everybody
DEFAULT = "{signature}{name},您的小额信贷{amount}万元{due}到期,请存足本息,咨询{phone}。"
YEAR_END = "{signature}{name},您的小额信贷{amount}万元{due}到期,请在年底前备足本息,有困难请尽早联系{phone}。"
PUBLICITY = (
    "{signature}{name},脱贫人口小额信贷5万元以下、3年期以内、免担保免抵押、财政贴息,需要请询{phone}。退订回T"
)
_FIELD = re.compile(r"\{([^{}]*)\}")
_LINK = re.compile(r"(?i)https?://|www\.|[a-z0-9-]+\.(?:com|cn|net|org|top|xyz)\b")
_FORBIDDEN: tuple[tuple[re.Pattern[str], Text], ...] = (
    (
        re.compile("起诉|坐牢|拘留|抓捕|逮捕|上门抓|强制执行|后果自负|不择手段|子女.{0,6}(上学|前途)"),
        T("“%(word)s” threatens the borrower."),
    ),
    (
        re.compile("公安|法院|检察院|派出所|律师函|传票|纪委"),
        T("“%(word)s” pretends to come from an authority."),
    ),
    (
        re.compile("公示|曝光|通报批评|失信名单|老赖|黑名单|告知.{0,4}(亲属|邻居|村民)"),
        T("“%(word)s” announces that the debt will be made public."),
    ),
)
_LOAN = re.compile("贷款|信贷|借款|还款|本息|逾期")


@dataclass(frozen=True, slots=True)
class Due:
    """What a reminder says of one loan: its balance in 分 and its due date."""

    amount: int
    due_on: date


def complaints(
    template: str, *, links: bool = False, loans: bool = True, fields: Container[str] = FIELDS
) -> list[Text]:
    """Why a template is refused; none: it may be approved. ``links``, ``loans``: does the provider allow them?"""
    found = [
        T("There is no field “%(name)s” here.", name=name)
        if name in FIELDS
        else T("There is no field “%(name)s”.", name=name)
        for name in _FIELD.findall(template)
        if name not in fields
    ]
    if "{" in _FIELD.sub("", template) or "}" in _FIELD.sub("", template):
        found.append(T("A brace stands alone."))
    if not template.strip():
        found.append(T("The text is empty."))
    for pattern, sentence in _FORBIDDEN:
        if hit := pattern.search(template):
            found.append(T(sentence.msgid, word=hit.group()))
    if not links and (hit := _LINK.search(template)):
        found.append(T("A link is not allowed: %(word)s.", word=hit.group()))
    if not loans and (hit := _LOAN.search(template)):
        found.append(T("This provider does not carry messages about loans: %(word)s.", word=hit.group()))
    return found


def render(template: str, name: str, dues: Sequence[Due], fixed: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text for one person, and the fields that were empty. Several loans: their sum, and the first due date."""
    values = {**fixed, "name": f"{name.strip()[:1]}*" if name.strip() else ""}
    if dues:
        first = min(due.due_on for due in dues)
        values["amount"] = wan(sum(due.amount for due in dues))
        values["due"] = f"{first.year}年{first.month}月{first.day}日"
        values["due"] += "起" if len({d.due_on for d in dues}) > 1 else ""
    empty = sorted({field for field in _FIELD.findall(template) if not values.get(field, "").strip()})
    return _FIELD.sub(lambda hit: values.get(hit.group(1), ""), template), empty
