"""The invented county as a whole: its ledgers, targets, users and notes."""

from dataclasses import dataclass
from datetime import date

from app.demo.dice import Dice
from app.demo.life import Loan, Row, row
from app.demo.notes import DemoNote, notes
from app.demo.people import Registry
from app.demo.plan import (
    BRANCHES,
    BUSINESS_DATE,
    COUNTY,
    LENDER,
    NOVEMBER,
    OCTOBER,
    SEPTEMBER,
    TOWNSHIPS,
)
from app.demo.portfolio import Township
from app.demo.promises import DemoPromise, DemoReport, promises
from app.demo.staff import DemoUser, users
from app.places.rules import Place, PlaceIndex, shipped, stem

_SEED = 20231031


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the lender sends for one month's end."""

    as_of: date
    filename: str
    lender: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Demo:
    """Everything that a demonstration instance is loaded with; ``targets`` are 分 by township code."""

    county_code: str
    lender: str
    business_date: date
    targets: dict[str, int]
    users: tuple[DemoUser, ...]
    notes: tuple[DemoNote, ...]
    promises: tuple[DemoPromise, ...]
    reports: tuple[DemoReport, ...]
    ledgers: tuple[Ledger, ...]


def county() -> Demo:
    """The county, the same at every call."""
    dice = Dice(_SEED)
    registry = Registry(dice)
    loans = _loans(dice, registry)
    places = shipped(COUNTY)
    said = notes(loans)
    promised, reported = promises(loans, {note.contract_no for note in said})
    return Demo(
        county_code=COUNTY,
        lender=LENDER,
        business_date=BUSINESS_DATE,
        targets={plan.code: plan.target for plan in TOWNSHIPS},
        users=users(dice, registry),
        notes=said,
        promises=promised,
        reports=reported,
        ledgers=tuple(_ledger(loans, places, day) for day in (SEPTEMBER, OCTOBER, NOVEMBER)),
    )


def _loans(dice: Dice, registry: Registry) -> list[Loan]:
    """All loans, township by township, with contract numbers by branch in the order they were lent."""
    branches = {branch.name: branch for branch in BRANCHES}
    loans: list[Loan] = []
    for plan in TOWNSHIPS:
        built = Township(plan, branches[plan.branch], dice, registry).build()
        loans += sorted(dice.shuffled(built), key=lambda loan: (loan.household.village, loan.household.group))
    serials = dict.fromkeys(branches, 0)
    for loan in sorted(loans, key=lambda loan: loan.disbursed_on):
        serials[loan.branch.name] += 1
        loan.contract_no = f"{loan.branch.letters}{loan.disbursed_on:%Y%m}-{serials[loan.branch.name]:04d}"
    return loans


def _ledger(loans: list[Loan], places: PlaceIndex, day: date) -> Ledger:
    listed = (loan for loan in loans if loan.listed(day))
    rows = tuple(
        row(loan, number, _written(places[loan.township.code], day), day)
        for number, loan in enumerate(listed, start=1)
    )
    return Ledger(day, f"{LENDER}脱贫人口小额信贷台账（{day.year}年{day.month}月）.xlsx", LENDER, rows)


def _written(place: Place, day: date) -> str:
    """A township's name as the bank wrote it that month: in full, as printed, or without its kind."""
    return {SEPTEMBER: place.name, OCTOBER: place.short}.get(day) or stem(place.short)
