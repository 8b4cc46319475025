"""An invented portfolio of any size: loan ``n`` is the same on every machine, in a workbook and in a database.

Nobody's data: ID numbers begin with 530399, a place that does not exist, phones with 154, which no operator has.
One loan in ten is of another member of the household before; one in seven is repaid.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from app.clock import add_months
from app.demo.plan import BRANCHES, COUNTY
from app.ledger.people import check_character
from app.money import FEN_PER_YUAN
from app.places.rules import Level, shipped

AS_OF, NEXT_MONTH = date(2023, 10, 31), date(2023, 11, 30)
SWEEP_DAY = date(2023, 11, 1)
LENDER = "罗平农商行"
VILLAGES = 12  # in every township
_VILLAGE_NAMES = "云松白青清竹柳桃梨麦禾银"
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "建国华平军明强文德福贵林祥荣成忠学良志光"
_DAYS = 669  # the days from 2022-01-01 to AS_OF

county = COUNTY
townships = tuple((p.code, p.short) for p in shipped(COUNTY) if p.level is Level.TOWNSHIP)
branches = tuple(plan.name for plan in BRANCHES)


class Line(NamedTuple):
    """One loan; places and branches by their position, amounts in 分."""

    number: int
    township: int
    village: int
    branch: int
    head: int  # the number of the line whose borrower is the household's head
    principal: int
    balance: int
    overdue: int
    disbursed_on: date
    due_on: date


def village_name(village: int) -> str:
    return f"{_VILLAGE_NAMES[village]}坪村"


def name(number: int) -> str:
    return _SURNAMES[number % 20] + _GIVEN[number // 20 % 20] + _GIVEN[number // 400 % 20]


def id_number(number: int) -> str:
    first17 = f"530399{_birthday(number // 1000)}{number % 1000:03d}"
    return first17 + check_character(first17)


@cache
def _birthday(number: int) -> str:
    return f"{date(1962, 1, 1) + timedelta(days=number):%Y%m%d}"


def phone(number: int) -> str:
    return f"154{number:08d}"


def contract_no(number: int) -> str:
    return f"LP2023{number:08d}"


@cache
def _term(start: date, day: int, months: int) -> tuple[date, date]:
    disbursed = start + timedelta(days=day)
    return disbursed, add_months(disbursed, months)


def lines(count: int, overdue_per_mille: int = 40) -> Iterator[Line]:
    """``count`` loans as of AS_OF.

    Of a thousand, ``overdue_per_mille`` are overdue on SWEEP_DAY; the ledger says so of all but one of them,
    which is due on AS_OF itself.
    """
    for number in range(count):
        mixed = number * 2654435761 & 0xFFFFFFFF
        place = number // 10 * 2654435761 & 0xFFFFFFFF  # neighbours: a household lives in one village
        mille = number * 7919 % 1000
        principal = (1 + mixed // 7 % 10) * 5000 * FEN_PER_YUAN
        overdue = 0
        if mille < overdue_per_mille - 1:
            disbursed_on, due_on = _term(date(2020, 1, 1), mixed % _DAYS, 24)
            balance = overdue = principal - mixed % 3 * 1000 * FEN_PER_YUAN
        elif mille == overdue_per_mille - 1:
            disbursed_on, due_on = _term(date(2020, 10, 31), 0, 36)
            balance = principal
        else:
            disbursed_on, due_on = _term(date(2022, 1, 1), mixed % _DAYS, 36)
            balance = 0 if number % 7 == 3 else principal
        yield Line(
            number,
            place % len(townships),
            place // 16 % VILLAGES,
            place % len(branches),
            number - 1 if number % 10 == 9 else number,
            principal,
            balance,
            overdue,
            disbursed_on,
            due_on,
        )


def a_month_later(line: Line) -> Line:
    """The same loan in the next ledger: one in ten has changed, half of them paid a part, half all."""
    if line.number % 10 != 4:
        return line
    left = line.balance // 2 if line.number % 20 == 4 else 0
    return line._replace(balance=left, overdue=min(line.overdue, left))
