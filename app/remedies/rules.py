"""The disposal ledger's causes and routes (分类处置台账). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.clock import add_months, days_past_due
from app.labels import Labelled, T, Text
from app.money import yuan


class Cause(Labelled):
    LONG_CYCLE = "long_cycle", T("Long production cycle")
    LOSS = "loss", T("Loss in production")
    FAMILY_ACCIDENT = "family_accident", T("Accident in the family")
    ILLNESS = "illness", T("Serious illness")
    DEATH = "death", T("Death")
    OUT_OF_CONTACT = "out_of_contact", T("Out of contact")
    PRISON = "prison", T("Serving a sentence")
    AWAY_FOR_WORK = "away_for_work", T("Away for work")
    OTHER_USE = "other_use", T("Used for something else")
    WILFUL = "wilful", T("Wilful default")
    OTHER = "other", T("Other cause")


class Route(Labelled):
    RENEWAL = "renewal", T("Renewal")
    EXTENSION = "extension", T("Extension")
    INSTALMENTS = "instalments", T("Instalment plan")
    COMPENSATION = "compensation", T("Risk compensation")
    WARNING = "warning", T("Judicial warning")
    SUIT = "suit", T("Suit")
    COLLECTION = "collection", T("Collection by the two lines")


EXTENDING = frozenset({Route.RENEWAL, Route.EXTENSION})
MEASURE_LENGTH = 400
COMPENSATED_AT_MOST = 5_000_000  # 分; what a loan is above 50,000 yuan is neither subsidised nor compensated

_HARD = (Route.RENEWAL, Route.EXTENSION)
_STRAINED = (Route.INSTALMENTS, Route.COLLECTION)
RECOMMENDED: dict[Cause, tuple[Route, ...]] = {
    Cause.LONG_CYCLE: (*_HARD, Route.INSTALMENTS),
    Cause.LOSS: (*_HARD, *_STRAINED),
    Cause.FAMILY_ACCIDENT: (*_HARD, Route.INSTALMENTS, Route.COMPENSATION),
    Cause.ILLNESS: (*_HARD, Route.INSTALMENTS, Route.COMPENSATION),
    Cause.DEATH: (Route.COMPENSATION,),
    Cause.OUT_OF_CONTACT: (Route.COLLECTION, Route.COMPENSATION),
    Cause.PRISON: (Route.COMPENSATION, Route.COLLECTION),
    Cause.AWAY_FOR_WORK: _STRAINED,
    Cause.OTHER_USE: (*_STRAINED, Route.WARNING),
    Cause.WILFUL: (Route.WARNING, Route.SUIT),
    Cause.OTHER: tuple(Route),
}


@dataclass(frozen=True, slots=True)
class LoanFacts:
    """What routes depend on: amounts in 分, ``due_on`` as first agreed, ``effective_due_on`` as it is now."""

    principal: int
    balance: int
    disbursed_on: date
    due_on: date
    effective_due_on: date
    asked_on: date | None = None
    earlier: Route | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The county's numbers: how often a loan may be renewed, days overdue, the fund's share in percent."""

    most_renewals: int
    compensation_days: int
    compensation_fund: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be known about a route for a loan; with ``refuses`` the route cannot be taken because of ``field``."""

    sentence: Text
    refuses: bool = False
    field: str = "route"


def unusual(cause: Cause, route: Route) -> Text | None:
    """Why a route is not the one that goes with a cause; it may be taken all the same."""
    if route in RECOMMENDED[cause]:
        return None
    if route in (Route.WARNING, Route.SUIT):
        return T("Legal steps are for wilful default. For “%(cause)s” they are unusual.", cause=cause.label)
    if cause is Cause.WILFUL:
        return T("For wilful default a judicial warning comes first, then a suit.")
    return T("“%(route)s” is unusual for “%(cause)s”.", route=route.label, cause=cause.label)


def longest_extension(disbursed_on: date, due_on: date) -> date:
    """The last day to which a loan may be extended, all extensions together (贷款通则 §12).

    A loan of a year or less by its original term, a longer one by half of it.
    """
    short = due_on <= add_months(disbursed_on, 12)
    term = due_on - disbursed_on
    return due_on + (term if short else term // 2)


def route_findings(facts: LoanFacts, route: Route, today: date, limits: Limits) -> list[Finding]:
    """What speaks against a route for a loan, and what is to be kept in mind. Never is somebody made a guarantor."""
    if route in EXTENDING:
        return [*_extending(facts, route, today, limits)]
    if route is Route.COMPENSATION:
        return [*_compensated(facts, today, limits)]
    if route is Route.SUIT and facts.earlier not in (Route.WARNING, Route.SUIT):
        return [Finding(T("A suit follows a judicial warning that has brought nothing."))]
    return []


def _extending(facts: LoanFacts, route: Route, today: date, limits: Limits) -> Iterator[Finding]:
    due = facts.effective_due_on
    if facts.asked_on is not None and facts.asked_on > today:
        yield Finding(T("The day on which it was asked for lies ahead."), True, "asked_on")
    elif (facts.asked_on or today) > due:
        late = T(
            "A renewal or extension has to be asked for before the loan falls due, here %(due)s (General Rules on "
            "Loans §12). Where it was asked for in time, give that day; else choose another route.",
            due=due.isoformat(),
        )
        yield Finding(late, True, "asked_on" if facts.asked_on else "route")
    extended = facts.effective_due_on > facts.due_on
    if int(extended) >= limits.most_renewals:
        yield Finding(
            T(
                "The county allows %(n)s renewals or extensions of a loan, and they are used up.",
                n=limits.most_renewals,
            ),
            True,
        )
    if route is Route.EXTENSION:
        until = longest_extension(facts.disbursed_on, facts.due_on)
        yield Finding(
            T(
                "At the longest to %(day)s, all extensions together (General Rules on Loans §12).",
                day=until.isoformat(),
            )
        )


def _compensated(facts: LoanFacts, today: date, limits: Limits) -> Iterator[Finding]:
    days = days_past_due(facts.effective_due_on, today)
    if days <= limits.compensation_days:
        yield Finding(
            T(
                "The fund compensates loans that are more than %(limit)s days overdue; this one is %(days)s.",
                limit=limits.compensation_days,
                days=days,
            ),
            True,
        )
    base = min(facts.balance, COMPENSATED_AT_MOST)
    fund = base * limits.compensation_fund // 100
    yield Finding(
        T(
            "The fund bears %(fund)s yuan of the balance and the bank %(bank)s.",
            fund=yuan(fund),
            bank=yuan(base - fund),
        )
    )
    if facts.balance > COMPENSATED_AT_MOST:
        yield Finding(T("What is above 50,000 yuan is not compensated."))
