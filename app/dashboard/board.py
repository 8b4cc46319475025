"""The dashboards: a region's or a branch's figures on one page of paper, each a door to what it is made of."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, abort, render_template, request
from sqlalchemy.orm import Session

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission, Scope
from app.bulletin.queries import default_region, figures, newest_month, trend
from app.cases import queries as cases
from app.cases.states import State
from app.clock import days_past_due
from app.dashboard.drawing import picture
from app.dashboard.queries import branch_within, by_state, cases_in_state
from app.dashboard.rules import DEFINITIONS
from app.db import db
from app.lines.queries import line_book, lines_by_month
from app.measures.queries import NO_BRANCH, Period
from app.measures.queries import count as measured
from app.measures.rules import MEASURES, Kind, rate
from app.outlook.history import newest_day, state_ahead
from app.outlook.queries import ageing
from app.outlook.rules import narrowed, nothing_paid
from app.places.models import Branch, Region
from app.places.rules import Level
from app.reminders.lists import needing_a_person
from app.today import business_date
from app.web import PAGE_SIZE, after_day_and_id, page_of

bp = Blueprint("board", __name__, url_prefix="/board")
MONTHS = 13
_COVERED = (Kind.OPEN, Kind.BOTH, Kind.TOWNSHIP_ONLY, Kind.BRANCH_ONLY, Kind.NEITHER)
_KINDS = (*_COVERED, Kind.JUDGED, Kind.KEPT)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom the board is about: a region, or a branch's loans in it; ``scope`` is what the reader sees of it."""

    place: Region
    branch: Branch | None
    scope: Scope

    @property
    def name(self) -> str:
        return self.branch.name if self.branch else self.place.short

    @property
    def where(self) -> dict[str, Any]:
        """The arguments by which lists of cases are narrowed to it."""
        if self.branch:
            return {"branch": self.branch.id}
        return {"township": self.place.code} if self.place.level is Level.TOWNSHIP else {}

    @property
    def measured(self) -> dict[str, Any]:
        """The same for the lists behind the measures."""
        if self.branch:
            return {"by": "branch", "place": str(self.branch.id)}
        return {"place": self.place.code}


def _subject(session: Session) -> Subject:
    """What was asked for, else the reader's own. 404 for what is not theirs."""
    mine = scope()
    code = request.args.get("region") or default_region(session, mine) or ""
    place = session.get(Region, code) if code.isascii() and code.isdigit() else None
    if place is None or place.level is Level.VILLAGE or not mine.touches_region(code):
        abort(404)
    number = request.args.get("branch") or ("" if request.args.get("region") else mine.branch_id or "")
    if not number:
        return Subject(place, None, narrowed(mine, code))
    text = str(number)
    branch = (
        branch_within(session, int(text), mine)
        if text.isascii() and text.isdigit() and len(text) < 19
        else None
    )
    if branch is None:
        abort(404)
    return Subject(place, branch, narrowed(mine, code, branch.id))


@bp.get("/")
@requires(Permission.FIGURES)
def show() -> str:
    """A county, a township or a branch at a glance."""
    session = db.session()
    month = newest_month(session)
    if month is None:
        return render_template("dashboard/board.html", subject=None, month=None)
    subject, today = _subject(session), business_date(session)
    return render_template(
        "dashboard/board.html",
        subject=subject,
        month=month,
        today=today,
        whole=subject.branch is None and scope().covers_region(subject.place.code),
        definitions=DEFINITIONS,
        **_standing(session, subject, month),
        **_work(session, subject, month, today),
        **_ahead(session, subject),
    )


def _standing(session: Session, subject: Subject, month: date) -> dict[str, Any]:
    """The bulletin's figures, the marks, and the months before."""
    code = subject.place.code
    found = figures(session, code, month, subject.scope)
    book = line_book(session, code, month)
    past = trend(session, subject.place, month, subject.scope, MONTHS)
    lines = lines_by_month(session, code, list(past))
    rates = [row.overdue_rate_pct for row in past.values()]
    return {
        "figures": found,
        "book": book,
        "lines": book.at(code),
        "mark": book.mark(found.total),
        "below": sorted(found.rows, key=lambda row: (-(row.overdue_rate_pct or 0), row.code)),
        "past": past,
        "line_of": lines,
        "drawn": picture([rates, [lines[m].provincial_rate for m in past]]),
        "aged": ageing(session, subject.scope, month),
    }


def _work(session: Session, subject: Subject, month: date, today: date) -> dict[str, Any]:
    """Coverage and promises of the month, and what waits today."""
    period = Period.of(month, today)
    counts = measured(session, period, subject.scope, subject.branch is not None, _KINDS)[0].by_kind
    shares = {m.code: rate(m, counts) for m in MEASURES if m.part in _KINDS}
    return {
        "counts": counts,
        "coverage": shares["coverage"],
        "kept": shares["kept"],
        "kinds": Kind,
        "covered": _COVERED[1:],
        "open": cases.counts(session, subject.scope),
        "waits": cases.work_counts(session, subject.scope, today),
        "states": by_state(session, subject.scope),
        "messages": needing_a_person(session, subject.scope) if allowed(Permission.REMINDERS) else None,
        "no_branch": NO_BRANCH,
    }


def _ahead(session: Session, subject: Subject) -> dict[str, Any]:
    start = newest_day(session)
    if start is None:
        return {"ends": []}
    ends, state = state_ahead(session, subject.scope, start)
    return {
        "ends": ends,
        "turning": state.turning,
        "ceiling": [nothing_paid(state, n) for n in range(len(ends))],
    }


@bp.get("/cases")
@requires(Permission.LOANS)
def state_cases() -> str:
    """The open cases that are in one state."""
    session = db.session()
    try:
        state = State(request.args.get("state", ""))
    except ValueError:
        abort(404)
    subject, after = _subject(session), after_day_and_id()
    found = cases_in_state(session, subject.scope, state, after, PAGE_SIZE + 1)
    counted = next((one for one in by_state(session, subject.scope) if one.state is state), None)
    if counted is None:
        abort(404)
    page = page_of(found, counted.cases, lambda one: f"{one.due_on},{one.id}")
    return render_template(
        "dashboard/cases.html", subject=subject, state=state, counted=counted, page=page,
        today=business_date(session), days_past_due=days_past_due, names_in_full=user().role in COLLECTORS,
    )  # fmt: skip
