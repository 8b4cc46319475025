"""Many cases at once: a filter or ticked rows, a preview, and a report of what was refused.

The filter stands in the address and is asked anew each time; a number that has changed since the preview is told.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as Redirect

from app import audit
from app.accounts.access import allowed, requires, scope, user
from app.accounts.models import User
from app.accounts.rules import COLLECTORS, Permission
from app.cases import bulk as cases
from app.cases import queries
from app.cases.assignment import bulk_assign
from app.cases.queries import collectors
from app.cases.views import filter_asked
from app.contacts.rules import NextAction
from app.db import db
from app.desk.pages import bp
from app.forces.rules import LINE_OF, Line
from app.labels import T, Text
from app.papers.actions import MOST_PAPERS, USUAL_DAYS
from app.papers.rules import PaperKind
from app.remedies.bulk import BULK_ROUTES, Order, apply, preview
from app.remedies.rules import MEASURE_LENGTH, Cause
from app.today import business_date
from app.web import exported_by

MOST_TICKED = 500
MOST_STEPS = 500  # cases that get a next step at once; each of them is a note in its history
_ACTIONS = ("bulk_dispose", "bulk_give", "bulk_next", "bulk_print", "bulk_export")
Answer = str | Redirect | tuple[str, int]
_HEADS = (
    T("Case number"), T("Township"), T("Village"), T("Borrower"), T("ID number"), T("Phone"), T("Contract number"),
    T("Branch"), T("Due"), T("Days past due"), T("Balance (yuan)"), T("Overdue (yuan)"),
    T("Township line"), T("Branch line"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meant:
    chosen: Any
    touched: cases.Touched
    ticked: int
    today: date


def meant_now() -> Meant:
    """The cases that the address means, as they are now and within the reader's scope."""
    session = db.session()
    today = business_date(session)
    ids = request.args.getlist("id")[:MOST_TICKED]
    if not all(i.isascii() and i.isdigit() and len(i) < 19 for i in ids):
        abort(404)
    chosen = queries.meant(scope(), filter_asked(today), today, tuple(map(int, ids)))
    return Meant(chosen, cases.touched(session, chosen), len(set(ids)), today)


def here(endpoint: str = "desk.bulk") -> str:
    arguments: dict[str, Any] = request.args.to_dict(flat=False)
    return url_for(endpoint, **arguments)


def page(meant: Meant, errors: dict[str, str] | None = None, planned: Any = None) -> str:
    kept: dict[str, Any] = {k: v for k, v in request.args.items() if k != "id"}
    typed = {k: v for k, v in request.form.items() if k != "csrf_token"}
    people = (
        [one for one in collectors(db.session(), scope()) if one.active] if allowed(Permission.ASSIGN) else []
    )
    return render_template(
        "cases/bulk.html",
        meant=meant,
        gone=meant.ticked - meant.touched.cases if meant.ticked else 0,
        people=people,
        causes=list(Cause),
        routes=BULK_ROUTES,
        typed=typed,
        errors=errors or {},
        planned=planned,
        lines=list(Line),
        may_assign=allowed(Permission.ASSIGN),
        may_print=allowed(Permission.PAPERS),
        may_plan=user().role in COLLECTORS,
        kinds=list(PaperKind),
        steps=list(NextAction),
        most_papers=MOST_PAPERS,
        most_steps=MOST_STEPS,
        usual_pay_by=meant.today + timedelta(days=USUAL_DAYS),
        urls={name: here(f"desk.{name}") for name in _ACTIONS},
        measure_length=MEASURE_LENGTH,
        back=url_for("cases.index", **kept),
    )


@bp.get("/cases/bulk")
@requires(Permission.NOTES)
def bulk() -> str:
    """How many cases are meant, and what can be done with all of them."""
    return page(meant_now())


def _order(today: date) -> tuple[Order | None, dict[str, str]]:
    """What was typed, or what is wrong with it by field."""
    sent, errors = request.form, {}
    if sent.get("cause") not in set(Cause):
        errors["cause"] = gettext("Choose the cause.")
    if sent.get("route") not in set(BULK_ROUTES):
        errors["route"] = gettext("Choose the route.")
    deadline = None
    if sent.get("deadline"):
        try:
            deadline = date.fromisoformat(sent["deadline"])
        except ValueError:
            errors["deadline"] = gettext("This is no date like 2023-12-05.")
        if deadline is not None and deadline < today:
            errors["deadline"] = gettext("The deadline lies in the past.")
    measure = sent.get("measure", "").replace("\r\n", "\n").strip()
    if len(measure) > MEASURE_LENGTH:
        errors["measure"] = gettext("A measure has at most %(n)s characters.", n=MEASURE_LENGTH)
    if errors:
        return None, errors
    route = next(route for route in BULK_ROUTES if route == sent["route"])
    owner = next((line for line in Line if line == sent.get("owner")), None)
    return Order(Cause(sent["cause"]), route, deadline, measure, bool(sent.get("replace")), owner), {}


def changed_since(meant: Meant) -> dict[str, str]:
    """The count that the preview showed is another now."""
    seen = request.form.get("seen", "")
    if not seen or seen == str(meant.touched.cases):
        return {}
    return {
        "seen": gettext(
            "There were %(before)s cases; now there are %(now)s. Look again.",
            before=seen,
            now=meant.touched.cases,
        )
    }


@bp.post("/cases/bulk/disposal")
@requires(Permission.NOTES)
def bulk_dispose() -> Answer:
    """Set cause and route: first what it would do, then, sent again with the count seen, do it."""
    session, meant = db.session(), meant_now()
    order, errors = _order(meant.today)
    if order is None:
        return page(meant, errors), 422
    changed = changed_since(meant)
    if changed or not request.form.get("seen"):
        shown = page(meant, changed, preview(session, meant.chosen, order, meant.today))
        return (shown, 409) if changed else shown
    done = apply(session, meant.chosen, order, user(), meant.today)
    session.commit()
    flash(gettext("%(n)s cases have the cause and route now.", n=done.done), "success")
    left = [
        (done.closed, T("%(n)s are closed.", n=done.closed)),
        (done.kept, T("%(n)s have a route already and keep it.", n=done.kept)),
        (done.early, T("%(n)s are not overdue for long enough for risk compensation.", n=done.early)),
    ]
    _report([sentence for number, sentence in left if number])
    return redirect(here())


def _report(left: list[Text]) -> None:
    if left:
        said = " ".join(sentence.render(gettext) for sentence in left)
        flash(gettext("Left as they were: %(what)s", what=said), "warning")


@bp.post("/cases/bulk/assign")
@requires(Permission.ASSIGN)
def bulk_give() -> Answer:
    """Give one line of the cases to a collector."""
    session, meant = db.session(), meant_now()
    number, reason = request.form.get("to", ""), request.form.get("reason", "").strip()
    people = {str(one.id): one for one in collectors(session, scope()) if one.active}
    to: User | None = people.get(number)
    errors = {} if to else {"to": gettext("Choose the collector.")}
    if not reason or len(reason) > 200:
        errors["reason"] = gettext("Give the reason, in at most 200 characters.")
    if to is None or errors:
        return page(meant, errors), 422
    if changed := changed_since(meant):
        return page(meant, changed), 409
    done = bulk_assign(session, meant.chosen, LINE_OF[to.role], to, user(), meant.today, reason)
    session.commit()
    flash(gettext("%(name)s has %(n)s more cases.", name=to.name, n=done.done), "success")
    left = [
        (done.already, T("%(n)s had this collector already.", n=done.already)),
        (
            done.elsewhere,
            T("%(n)s are in another place, where this collector sees no cases.", n=done.elsewhere),
        ),
    ]
    _report([sentence for number, sentence in left if number])
    return redirect(here())


@bp.post("/cases/bulk/export")
@requires(Permission.NOTES)
def bulk_export() -> Response:
    """The cases as a workbook with masked numbers; the trail keeps who took it."""
    session, meant = db.session(), meant_now()
    mark, stream = exported_by(user().name, user().username), BytesIO()
    audit.record(session, user().username, "cases.export", "case", "", cases=meant.touched.cases)
    session.commit()
    lines = cases.rows(session, meant.chosen, meant.today)
    cases.write(stream, gettext("Cases"), mark, [head.render(gettext) for head in _HEADS], lines)
    stream.seek(0)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return send_file(stream, mimetype=kind, as_attachment=True, download_name=f"cases-{meant.today}.xlsx")
