"""The first page after signing in, by role. It only composes what the slices' queries say."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.bulletin.queries import default_region, figures, newest_month, trend
from app.cases import queries as cases
from app.clock import days_past_due
from app.contacts.queries import overrides
from app.db import db
from app.fairness.table import RULES
from app.ledger import queries as ledger
from app.lines.queries import line_book
from app.loans import queries as loans
from app.outlook.history import newest_day, state_ahead
from app.outlook.rules import narrowed, nothing_paid
from app.places.models import Region
from app.remedies.queries import undisposed
from app.reminders.lists import needing_a_person
from app.today import business_date
from app.web import COUNT_LIMIT

bp = Blueprint("dashboard", __name__)
OLDEST = 8  # cases on the first page


@dataclass(frozen=True, slots=True)
class Own:
    """A collector's own open cases."""

    id: int
    count: int
    overdue: int


@bp.get("/")
@requires(Permission.SIGNED_IN)
def home() -> str | Redirect:
    """Where a day begins: a collector's with the queue, the administrator's with the accounts."""
    if allowed(Permission.ACCOUNTS):
        return redirect(url_for("accounts.index"))
    if user().role in COLLECTORS:
        return redirect(url_for("desk.queue"))
    return overview()


@bp.get("/overview")
@requires(Permission.FIGURES)
def overview() -> str:
    """What waits for somebody, the newest month's figures, the cases longest overdue."""
    session, mine, reader = db.session(), scope(), user()
    today, own = business_date(session), _own(session)
    place, month = _place(session), newest_month(session)
    months = list(trend(session, place, month, mine, 2).values()) if place and month else []
    return render_template(
        "dashboard/home.html",
        place_name=reader.branch.name if reader.branch else place.short if place else "",
        figures=figures(session, place.code, month, mine) if place and month else None,
        month=month,
        before=months[0] if len(months) > 1 else None,
        book=line_book(session, place.code, month) if place and month else None,
        ahead=_ahead(session, place),
        today=today,
        own=own,
        counts=cases.counts(session, mine),
        waits=cases.work_counts(session, mine, today) if own is None else None,
        oldest=cases.list_cases(
            session, mine, cases.Filter(collector_id=own.id if own else None), today, None, OLDEST
        ),
        days_past_due=days_past_due,
        overridden=overrides(session, mine, today.replace(day=1)) if allowed(Permission.OVERRIDE) else None,
        rules=RULES,
        undisposed=undisposed(session, mine) if own is None else None,
        missing=loans.count_missing(session, mine),
        messages=needing_a_person(session, mine) if allowed(Permission.REMINDERS) else 0,
        waiting=ledger.waiting(session, reader.region_code) if allowed(Permission.IMPORT) else [],
        may_import=allowed(Permission.IMPORT),
    )


def _place(session: Session) -> Region | None:
    code = default_region(session, scope())
    return session.get(Region, code) if code else None


def _ahead(session: Session, place: Region | None) -> tuple[date, int, Decimal | None] | None:
    """The next month end, what turns overdue by it if nothing is paid (分), and the rate then."""
    start = newest_day(session)
    if start is None or place is None:
        return None
    ends, state = state_ahead(session, narrowed(scope(), place.code), start, 1)
    return ends[0], state.turning[0], nothing_paid(state, 0).rate


def _own(session: Session) -> Own | None:
    """None for whoever is no collector."""
    if user().role not in COLLECTORS:
        return None
    chosen, today = cases.Filter(collector_id=user().id), business_date(session)
    return Own(user().id, *cases.count_cases(session, scope(), chosen, today, COUNT_LIMIT))
