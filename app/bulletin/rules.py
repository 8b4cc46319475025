"""Closing a month: what can be closed, what the check list asks, which figures are compared afterwards. Pure."""

from datetime import date

from app.clock import month_end
from app.labels import Labelled, T, Text
from app.places.rules import Level


class CloseState(Labelled):
    """A reopened close is history: it governs no figure any more."""

    CLOSED = "closed", T("Month closed")
    REOPENED = "reopened", T("Opened again")


class ItemKind(Labelled):
    """What the check list asks, in its order."""

    LEDGER = "ledger", T("Every lender's ledger is taken")
    REFUSED = "refused", T("No row was refused")
    MISSING = "missing", T("No loan is missing")
    RISEN = "risen", T("No balance has risen")
    NO_CASE = "no_case", T("Every overdue loan has a case")
    REPORTED = "reported", T("The ledger confirms what was reported as repaid")
    TOTALS = "totals", T("Sums agree with the lender's own")


class Standing(Labelled):
    """How an item stands. BLOCKED: a reason does not settle it, only the missing data does."""

    SETTLED = "settled", T("In order")
    REASONED = "reasoned", T("Settled with a reason")
    OPEN = "open", T("Not settled")
    BLOCKED = "blocked", T("Stops the close")


class Figure(Labelled):
    """The figures that are frozen, by their columns."""

    STOCK_HOUSEHOLDS = "stock_households", T("Stock, households")
    STOCK = "stock", T("Stock, amount")
    NEW_HOUSEHOLDS = "new_households", T("New lending, households")
    NEW = "new", T("New lending, amount")
    OVERDUE_HOUSEHOLDS = "overdue_households", T("Overdue, households")
    OVERDUE = "overdue", T("Overdue, amount")
    OVERDUE_LOANS = "overdue_loans", T("Overdue, loans")
    TARGET = "target", T("Target of the year")

    @property
    def in_fen(self) -> bool:
        """An amount in 分; else a count."""
        return self in (Figure.STOCK, Figure.NEW, Figure.OVERDUE, Figure.TARGET)


COUNTED = tuple(figure for figure in Figure if figure is not Figure.TARGET)
CLOSABLE = (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)


def why_not_closed(level: Level, name: str, month: date, today: date) -> Text | None:
    """Why a region's month cannot be closed by what is known without its loans; None when it can."""
    if level not in CLOSABLE:
        return T("A month is closed for a county or a level above it; %(name)s is neither.", name=name)
    if month_end(month) > today:
        return T(
            "%(month)s is not over: it can be closed from %(day)s on.",
            month=f"{month:%Y-%m}",
            day=month_end(month).isoformat(),
        )
    return None


def ledger_standing(newest: date | None, month: date, stock: int) -> Standing:
    """How the ledger of a lender with loans stands: newest ledger date up to the month's end, its stock there in 分.

    Of the month's last day: in order. Of an earlier day in the month: a person may say why that is enough. Of no day
    in the month: only the ledger settles it, unless the lender has no stock.
    """
    if newest == month_end(month) or stock == 0:
        return Standing.SETTLED
    if newest is not None and newest >= month.replace(day=1):
        return Standing.OPEN
    return Standing.BLOCKED


def differences(
    old: dict[str, int | None], new: dict[str, int | None]
) -> list[tuple[Figure, int | None, int | None]]:
    """The figures of one place that are no longer what they were: figure, old, new. What is not there is 0."""
    pairs = ((f, old.get(f.value, 0), new.get(f.value, 0)) for f in COUNTED)
    return [(figure, before, after) for figure, before, after in pairs if before != after]
