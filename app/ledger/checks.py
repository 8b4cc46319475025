"""What two cells of a row say against each other, and values that are unusual but possible. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from app.clock import add_months
from app.labels import T, Text
from app.ledger.fields import F, LedgerField
from app.money import FEN_PER_WAN, yuan

# The programme's own bounds (脱贫人口小额信贷): a value beyond them is shown, never refused.
YOUNGEST, OLDEST = 18, 65
MOST_LENT = 10 * FEN_PER_WAN
LONGEST_MONTHS = 36

DUE_BEFORE_LENT = T("The due date lies before the date of lending. Correct one of the two.")
BALANCE_TOO_LARGE = T("The balance is larger than the amount lent. Compare the two amounts and their units.")


class Facts(NamedTuple):
    """The parts of a row that are checked against each other."""

    id_number: str
    principal: int
    balance: int
    overdue: int | None
    disbursed_on: date
    due_on: date
    term_months: int | None


class Remark(NamedTuple):
    """A remark on one field of a row: ``message``, and what was found there."""

    field: LedgerField
    found: str
    message: Text


class _Bounds(dict[date, tuple[str, str, date]]):
    """By date of lending: born after the first is too young, up to the second too old; the last due date."""

    def __missing__(self, lent: date) -> tuple[str, str, date]:
        year, rest = lent.year, f"{lent:%m%d}"
        bounds = f"{year - YOUNGEST}{rest}", f"{year - OLDEST - 1}{rest}", add_months(lent, LONGEST_MONTHS)
        self[lent] = bounds
        return bounds


_bounds = _Bounds()


def suspects(facts: Iterable[tuple[Any, ...]], as_of: date | None) -> Iterator[int]:
    """The positions of the rows (as ``Facts``) that have something to be said about. Made for speed.

    Rows in which a cell could not be read are suspects too.
    """
    latest = as_of or date.max
    bounds, most, longest = _bounds, MOST_LENT, LONGEST_MONTHS
    for at, (id_number, principal, balance, overdue, lent, due, term) in enumerate(facts):
        if principal is None or balance is None or lent is None or due is None or id_number is None:
            yield at
            continue
        young, old, last_due = bounds[lent]
        if (
            due < lent
            or balance > principal
            or not old < id_number[6:14] <= young
            or principal > most
            or not principal
            or due > last_due
            or lent > latest
            or (overdue and overdue > balance)
            or (term and term > longest)
        ):
            yield at


def contradictions(row: Facts) -> Iterator[Remark]:
    """Why the row is refused, as far as its cells could be read."""
    if row.due_on and row.disbursed_on and row.due_on < row.disbursed_on:
        yield Remark(F.DUE_ON, row.due_on.isoformat(), DUE_BEFORE_LENT)
    if row.balance is not None and row.principal is not None and row.balance > row.principal:
        yield Remark(F.BALANCE, yuan(row.balance), BALANCE_TOO_LARGE)


def oddities(row: Facts, as_of: date | None) -> Iterator[Remark]:
    """What is unusual about a row that is taken."""
    young, old, last_due = _bounds[row.disbursed_on]
    born = row.id_number[6:14]
    birthday = f"{born[:4]}-{born[4:6]}-{born[6:]}"
    if born > young:
        message = T("The borrower was younger than %(age)s on the date of lending.", age=YOUNGEST)
        yield Remark(F.ID_NUMBER, birthday, message)
    elif born <= old:
        message = T("The borrower was older than %(age)s on the date of lending.", age=OLDEST)
        yield Remark(F.ID_NUMBER, birthday, message)
    if row.principal > MOST_LENT:
        yield Remark(F.PRINCIPAL, yuan(row.principal), T("More than 100,000 yuan were lent."))
    elif not row.principal:
        yield Remark(F.PRINCIPAL, "0", T("Nothing was lent."))
    if row.due_on > last_due:
        yield Remark(F.DUE_ON, row.due_on.isoformat(), T("The loan runs for more than three years."))
    elif row.term_months and row.term_months > LONGEST_MONTHS:
        yield Remark(F.TERM, str(row.term_months), T("The loan runs for more than three years."))
    if as_of and row.disbursed_on > as_of:
        lent = row.disbursed_on.isoformat()
        yield Remark(F.DISBURSED_ON, lent, T("The date of lending lies after the date of the ledger."))
    if row.overdue and row.overdue > row.balance:
        yield Remark(F.OVERDUE, yuan(row.overdue), T("The amount overdue is larger than the balance."))
