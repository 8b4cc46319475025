"""What the collection is measured by: the definitions as people read them, and the stages of a loan. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from app.cases.rules import Bucket
from app.clock import month_end
from app.labels import Labelled, T, Text
from app.money import percent


class Kind(Labelled):
    """A set of cases, contacts or promises that is counted. A share is one of them over another."""

    OPEN = "open", T("Open cases")
    BOTH = "both", T("Touched by both lines")
    TOWNSHIP_ONLY = "township_only", T("Touched by the township line only")
    BRANCH_ONLY = "branch_only", T("Touched by the branch line only")
    NEITHER = "neither", T("Touched by neither line")
    TOWNSHIP_ATTEMPTS = "township_attempts", T("Calls and visits of the township line")
    TOWNSHIP_RIGHT = "township_right", T("Of these, the township line spoke with the borrower")
    BRANCH_ATTEMPTS = "branch_attempts", T("Calls and visits of the branch line")
    BRANCH_RIGHT = "branch_right", T("Of these, the branch line spoke with the borrower")
    JUDGED = "judged", T("Promises judged")
    KEPT = "kept", T("Promises kept")
    OPENING = "opening", T("Overdue at the end of the month before")
    CURED = "cured", T("Cured")


@dataclass(frozen=True, slots=True)
class Measure:
    """``part`` of ``whole``, as a percentage; by number, or by amount where ``in_fen``. ``head`` heads a column."""

    code: str
    label: Text
    head: Text
    part: Kind
    whole: Kind
    definition: Text
    in_fen: bool = False


MEASURES: tuple[Measure, ...] = (
    Measure(
        "coverage",
        T("Dual-line coverage"),
        T("Coverage"),
        Kind.BOTH,
        Kind.OPEN,
        T(
            "Cases that both lines have contacted in the month, of the cases open on its last day. "
            "A plain note without contact does not count."
        ),
    ),
    Measure(
        "township_contact",
        T("Right-party contact, township line"),
        T("Reached by township"),
        Kind.TOWNSHIP_RIGHT,
        Kind.TOWNSHIP_ATTEMPTS,
        T("Calls and visits in the month that reached the borrower in person, of all calls and visits."),
    ),
    Measure(
        "branch_contact",
        T("Right-party contact, branch line"),
        T("Reached by branch"),
        Kind.BRANCH_RIGHT,
        Kind.BRANCH_ATTEMPTS,
        T("Calls and visits in the month that reached the borrower in person, of all calls and visits."),
    ),
    Measure(
        "kept",
        T("Promises kept"),
        T("Kept"),
        Kind.KEPT,
        Kind.JUDGED,
        T("Promises judged as kept in the month, of all promises judged in it. Kept in part is not kept."),
    ),
    Measure(
        "cured",
        T("Cured amount"),
        T("Cured share"),
        Kind.CURED,
        Kind.OPENING,
        T(
            "What was overdue at the end of the month before on loans that are no longer overdue at the end "
            "of this month, of all that was overdue then. From the ledgers, as the bulletin."
        ),
        in_fen=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Count:
    """How many, and what they add up to (分; 0 where the kind has no amount)."""

    number: int = 0
    fen: int = 0


NOTHING = Count()


def rate(measure: Measure, counts: dict[Kind, Count]) -> Decimal | None:
    """The share in percent to one decimal, None where there is no whole to divide by."""
    part, whole = counts.get(measure.part, NOTHING), counts.get(measure.whole, NOTHING)
    return percent(part.fen, whole.fen, 1) if measure.in_fen else percent(part.number, whole.number, 1)


class Stage(Labelled):
    """Where a loan stands at a month end: by days past due in the steps of the five-grade floor, or gone."""

    CURRENT = "current", T("Current")
    B30 = "1-30", T("1–30 days")
    B90 = "31-90", T("31–90 days")
    B270 = "91-270", T("91–270 days")
    B360 = "271-360", T("271–360 days")
    OVER = "361-", T("over 360 days")
    REPAID = "repaid", T("Repaid")


LATE = tuple(Stage(bucket.value) for bucket in Bucket)
FROM_STAGES = (Stage.CURRENT, *LATE)

GRADES: dict[Stage, Text] = {
    Stage.B30: T("Special mention"),
    Stage.B90: T("Special mention"),
    Stage.B270: T("Substandard"),
    Stage.B360: T("Doubtful"),
    Stage.OVER: T("Loss"),
}


def stage(*, balance: int, overdue: int, due: date, day: date) -> Stage:
    """Where a loan stands on ``day``: amounts in 分, ``due`` its due date. Overdue before that counts as 1–30 days."""
    if balance <= 0:
        return Stage.REPAID
    if overdue <= 0:
        return Stage.CURRENT
    late = max((day - due).days, 1)
    for bucket in Bucket:
        last = bucket.bounds()[1]
        if last is None or late <= last:
            return Stage(bucket.value)
    raise AssertionError("the last bucket has no end")


@dataclass(frozen=True, slots=True)
class Flow:
    """Loans of a township that stood at ``start`` at the month end before and at ``end`` at this one's. Amounts in 分.

    ``falls_due``: they were to be paid in the month, so that unpaid they are overdue at its end. ``before`` and
    ``overdue_before`` are balance and overdue amount at the month end before, the others at this one's.
    """

    township_code: str
    start: Stage
    end: Stage
    falls_due: bool
    loans: int
    before: int
    overdue_before: int
    balance: int
    overdue: int


def previous_month_end(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


def months_back(first: date, last: date, limit: int) -> list[date]:
    """Month ends from that of ``last`` back to that of ``first``, at most ``limit``."""
    found = [month_end(last)]
    while len(found) < limit and (earlier := previous_month_end(found[-1])) >= first:
        found.append(earlier)
    return found


def month_bounds(month: date, today: date) -> tuple[date, date]:
    """First and last day of the month that ``month`` lies in, the last no later than ``today``."""
    return month.replace(day=1), min(month_end(month), today)
