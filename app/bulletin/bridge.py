"""From last month's overdue amount to this month's, loan by loan, to the 分. Pure: the rules that the SQL agrees with.

    opening + newly overdue + grown − repaid − renewed − compensated − left ± corrections = closing

A loan counts with what it owed overdue at both month ends, so what came and went between them is not told. The
opening is the closing that was frozen, where last month is closed; what the ledgers say of that day now is a
correction, and so is a loan that another township now holds, and a fall that nothing explains.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from app.cases.states import CloseReason
from app.labels import Labelled, T


class Term(Labelled):
    """The parts of the bridge between opening and closing, in printed order."""

    NEW = "new", T("Newly overdue")
    GROWN = "grown", T("Grown")
    REPAID = "repaid", T("Paid back")
    RENEWED = "renewed", T("Renewed or extended")
    COMPENSATED = "compensated", T("Compensated")
    LEFT = "left", T("Written off or gone")
    CORRECTION = "correction", T("Corrections")

    @property
    def sign(self) -> int:
        """How its amount counts towards the closing: 1 is added, −1 taken off."""
        return -1 if self in FALLS else 1


FALLS = (Term.REPAID, Term.RENEWED, Term.COMPENSATED, Term.LEFT)

# A case that a person closed for one of these reasons in the month explains the whole fall of its loan: the ledger
# shows the fund's money, or the new loan's, as a payment like any other.
BY_REASON: dict[CloseReason, Term] = {
    CloseReason.RENEWED: Term.RENEWED,
    CloseReason.COMPENSATED: Term.COMPENSATED,
    CloseReason.WRITTEN_OFF: Term.LEFT,
    CloseReason.IN_ERROR: Term.CORRECTION,
}


@dataclass(frozen=True, slots=True)
class LoanMonth:
    """What is known of a loan's month. Amounts in 分.

    ``opening`` and ``closing``: overdue at both ends. ``paid``: what its balance fell by, by the ledgers of the month.
    ``reason``: why its case was closed in the month. ``extended``: its due date has moved on, or its case was closed
    and the disposal ledger has a renewal or an extension for it. ``gone``: no ledger tells of it at the end.
    """

    opening: int
    closing: int
    paid: int = 0
    reason: CloseReason | None = None
    extended: bool = False
    gone: bool = False


def moves(loan: LoanMonth) -> dict[Term, int]:
    """The terms that a loan's month adds to, 分; what is taken off is positive, a correction has its sign."""
    change = loan.closing - loan.opening
    if change >= 0:
        term = Term.GROWN if loan.opening else Term.NEW
        return {term: change} if change else {}
    fall = -change
    if loan.reason in BY_REASON:
        term = BY_REASON[loan.reason]
        return {term: fall * (1 if term in FALLS else -1)}
    repaid = min(fall, max(loan.paid, 0))
    rest = fall - repaid
    found = {Term.REPAID: repaid} if repaid else {}
    if rest:
        term = Term.LEFT if loan.gone else Term.RENEWED if loan.extended else Term.CORRECTION
        found[term] = rest if term in FALLS else -rest
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """One term of one region: 分, and of how many loans."""

    fen: int = 0
    loans: int = 0


@dataclass(frozen=True, slots=True)
class BridgeRow:
    """One region's bridge. Amounts in 分."""

    code: str
    name: str
    opening: int
    closing: int
    parts: dict[Term, Part] = field(default_factory=dict)

    def part(self, term: Term) -> Part:
        return self.parts.get(term, Part())

    def signed(self, term: Term) -> int:
        """What the term adds to the closing, 分; negative where it is taken off."""
        return term.sign * self.part(term).fen

    @property
    def reached(self) -> int:
        """Where the terms lead from the opening, 分: the closing, when everything is explained."""
        return self.opening + sum(map(self.signed, Term))

    @property
    def difference(self) -> int:
        """What is left unexplained, 分: nought."""
        return self.closing - self.reached


def total_of(rows: Iterable[BridgeRow], code: str, name: str) -> BridgeRow:
    """The sum of some rows."""
    listed = list(rows)
    return BridgeRow(
        code=code,
        name=name,
        opening=sum(row.opening for row in listed),
        closing=sum(row.closing for row in listed),
        parts={
            term: Part(sum(row.part(term).fen for row in listed), sum(row.part(term).loans for row in listed))
            for term in Term
        },
    )


@dataclass(frozen=True, slots=True)
class Bridge:
    """A region's bridge of a month, by the rows of its figures; rows that a bundle tells have none."""

    region_code: str
    region_name: str
    month: date
    before: date
    rows: tuple[BridgeRow, ...]
    received: tuple[str, ...] = ()  # codes of the rows that bundles tell

    @property
    def total(self) -> BridgeRow:
        return total_of(self.rows, self.region_code, self.region_name)
