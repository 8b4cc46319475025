"""The day's queue of a collector, and for leaders and the office who has how much to do."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.models import User
from app.accounts.rules import COLLECTORS, Permission
from app.cases.models import Case
from app.cases.queries import collectors, find_case, place_of
from app.clock import days_past_due
from app.db import db
from app.desk import queries, rules
from app.desk.pages import bp
from app.desk.queries import Queue, facts_of
from app.desk.rules import Place, Reason
from app.today import business_date
from app.web import keyset_argument, url_with

LENGTH = 50  # entries on a page


@dataclass(frozen=True, slots=True)
class Entry:
    """One case in the queue, and every reason why it is there."""

    case: Case
    reasons: tuple[Reason, ...]
    days: int
    others: bool


def chosen_collector(session: Session) -> User | None:
    """Whose queue: the reader's own, or that of a collector in scope (``?collector=``). 404 for any other."""
    asked = request.args.get("collector", type=int)
    if asked is None or asked == user().id:
        return user() if user().role in COLLECTORS else None
    found = next((one for one in collectors(session, scope()) if one.id == asked), None)
    if found is None or user().role in COLLECTORS:
        abort(404)
    return found


def queue_for(session: Session, collector: User, today: date) -> Queue:
    """The queue of a collector, with the cases of those he or she stands in for."""
    found = queries.queue_of(session, collector, today)
    if found is None:
        abort(404)
    return found


@bp.get("/queue")
@requires(Permission.LOANS)
def queue() -> str:
    """What is to be done today, in the order that matters; for who collects nothing, everybody's queues."""
    session = db.session()
    collector = chosen_collector(session)
    if collector is None:
        return _overview(session)
    mine, done = queue_for(session, collector, business_date(session)), request.args.get("show") == "done"
    counts = queries.to_do(session, mine)
    today, after = mine.numbers.today, _after()
    found = (
        queries.done_on(session, scope(), collector.id, today, LENGTH)
        if done
        else queries.entries(session, mine, after, LENGTH + 1)
    )
    rows = [_entry(one, mine) for one in found[:LENGTH]]
    return render_template(
        "desk/queue.html",
        collector=collector,
        own=collector.id == user().id,
        today=today,
        rows=rows,
        groups=[] if done else [(why, list(of)) for why, of in groupby(rows, lambda row: row.reasons[0])],
        done=done,
        counts=counts,
        total=sum(counts.values()),
        day=queries.day_of(session, collector.id, today),
        next_url=url_with(after=_argument(rows[-1].case, mine)) if len(found) > LENGTH and not done else None,
        first_url=url_with(after=None) if after else None,
        recent=queries.recent_cases(session, scope(), user().id),
    )


def _entry(one: Case, mine: Queue) -> Entry:
    held = rules.reasons(facts_of(one, mine.line), mine.numbers)
    holder = getattr(one, f"{mine.line.value}_user_id")
    return Entry(one, held, days_past_due(one.due_on, mine.numbers.today), holder != mine.user_ids[0])


def place_in(found: Case, mine: Queue) -> Place | None:
    return rules.place(facts_of(found, mine.line), mine.numbers)


def _argument(last: Case, mine: Queue) -> str | None:
    place = place_in(last, mine)
    return f"{place.rank},{place.since or ''},{place.overdue},{place.id}" if place else None


def _after() -> Place | None:
    parts = keyset_argument(parts=4)
    if parts is None:
        return None
    try:
        rank, since, overdue, number = parts
        return Place(int(rank), date.fromisoformat(since) if since else None, int(overdue), int(number))
    except ValueError:
        abort(400)


def _overview(session: Session) -> str:
    today = business_date(session)
    numbers = queries.numbers(session, today, place_of(session, scope()))
    return render_template(
        "desk/queues.html",
        today=today,
        numbers=numbers,
        lines=[
            list(of) for _, of in groupby(queries.loads(session, scope(), numbers), lambda load: load.line)
        ],
        recent=queries.recent_cases(session, scope(), user().id),
    )


@bp.get("/cases/<int:case_id>/next")
@requires(Permission.NOTES)
def after_note(case_id: int) -> Response:
    """Done with this case: on to the next one, ``?next=`` where it still waits, else the first of the queue."""
    session = db.session()
    if find_case(session, case_id, scope()) is None:
        abort(404)
    if user().role not in COLLECTORS:
        return redirect(url_for("desk.case", case_id=case_id))
    mine, follows = queue_for(session, user(), business_date(session)), request.args.get("next", type=int)
    if follows is None or follows == case_id or not queries.waits(session, mine, follows):
        follows = queries.next_case(session, mine, None)
    if follows is None or follows == case_id:
        flash(gettext("The queue is empty: everything for today is done."), "success")
        return redirect(url_for("desk.queue"))
    return redirect(url_for("desk.case", case_id=follows, via="queue"))
