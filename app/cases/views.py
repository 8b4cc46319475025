"""The case list, the assignment of one case, and handovers."""

from datetime import date
from typing import TypeVar

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.models import User
from app.accounts.rules import Permission, Role
from app.cases import handover as handing
from app.cases import queries
from app.cases.actions import EventRefused, Overtaken, assign_line
from app.cases.forms import AssignForm, HandoverForm
from app.cases.handover import HandoverRefused, Order, Preview
from app.cases.models import Case, Handover
from app.cases.queries import Filter, Listed, Promised
from app.cases.rules import Bucket
from app.clock import days_past_due
from app.db import db
from app.forces import queries as forces
from app.forces.forms import named
from app.forces.rules import ROLE_OF, Line
from app.labels import Labelled
from app.places.queries import children
from app.places.rules import CODE_LENGTHS, Level
from app.today import business_date
from app.web import COUNT_LIMIT, PAGE_SIZE, after_day_and_id, page_of, url_with

E = TypeVar("E", bound=Labelled)

bp = Blueprint("cases", __name__, url_prefix="/cases")


def _choice(kind: type[E], name: str) -> E | None:
    value = request.args.get(name)
    try:
        return kind(value) if value else None
    except ValueError:
        abort(404)


def filter_asked(today: date) -> Filter:
    neglected = _choice(Line, "neglected")
    return Filter(
        state=_choice(Listed, "state") or Listed.OPEN,
        township=request.args.get("township") or None,
        village=request.args.get("village") or None,
        force_id=request.args.get("force", type=int),
        branch_id=request.args.get("branch", type=int),
        bucket=_choice(Bucket, "days"),
        collector_id=request.args.get("collector", type=int),
        neglected=neglected,
        promised=_choice(Promised, "promise"),
        untouched_until=queries.neglect_limit(db.session(), scope(), today) if neglected else None,
    )


def _is_code(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= max(CODE_LENGTHS.values())


@bp.get("/")
@requires(Permission.LOANS)
def index() -> str:
    """Cases in the reader's area, longest overdue first."""
    session, mine, today, after = db.session(), scope(), business_date(db.session()), after_day_and_id()
    chosen = filter_asked(today)
    if not all(_is_code(code) for code in (chosen.township, chosen.village) if code):
        abort(404)
    county = (mine.region or "")[: CODE_LENGTHS[Level.COUNTY]]
    found = queries.list_cases(session, mine, chosen, today, after, PAGE_SIZE + 1)
    count, overdue = queries.count_cases(session, mine, chosen, today, COUNT_LIMIT)
    page = page_of(found, min(count, COUNT_LIMIT), lambda one: f"{one.due_on},{one.id}", count > COUNT_LIMIT)
    return render_template(
        "cases/index.html",
        page=page,
        chosen=chosen,
        today=today,
        overdue=overdue,
        tab_items=[(s.label, url_with(state=s.value, after=None), s is chosen.state) for s in Listed],
        buckets=list(Bucket),
        lines=list(Line),
        promises=list(Promised),
        townships=[r for r in children(session, county) if mine.touches_region(r.code)] if county else [],
        villages=children(session, chosen.township) if chosen.township else [],
        forces=forces.forces_of(session, county) if county else [],
        branches=queries.branch_names(queries.branches(session, mine)),
        collectors=queries.collectors(session, mine),
        days_past_due=days_past_due,
        may_write=allowed(Permission.NOTES),
        bulk_arguments={k: v for k, v in request.args.items() if k not in ("after", "id")},
        names_in_full=user().role in (Role.TOWNSHIP, Role.BRANCH),
    )


def assign_form(found: Case, *, sent: bool = False) -> AssignForm:
    """The form that gives a line of the case away, with those whom it fits."""
    form = AssignForm() if sent else AssignForm(formdata=None)
    places = {Line.TOWNSHIP: found.township_code, Line.BRANCH: found.branch_id}
    form.to.choices = [("", "—")]
    for line in Line:
        for one in queries.collectors_of_place(db.session(), ROLE_OF[line], places[line]):
            if one.id != getattr(found, f"{line.value}_user_id"):
                form.to.choices.append(
                    (f"{line.value}:{one.id}", f"{line.label.render(gettext)}：{one.name}")
                )
    if not sent:
        form.version.data = str(found.version)
    return form


@bp.post("/<int:case_id>/assign")
@requires(Permission.ASSIGN)
def assign(case_id: int) -> Response | str | tuple[str, int]:
    """Give one line of a case to another collector."""
    session = db.session()
    found = queries.find_case(session, case_id, scope()) or abort(404)
    form = assign_form(found, sent=True)
    if form.validate_on_submit():
        line, _, number = form.to.data.partition(":")
        taker = session.get_one(User, int(number))
        version = int(form.version.data)
        day = business_date(session)
        try:
            assign_line(session, found, Line(line), taker, user(), day, form.reason.data, version)
            session.commit()
        except EventRefused as refused:
            session.rollback()
            form.to.errors = [refused.message.render(gettext)]
        except Overtaken:
            told: tuple[str, int] = current_app.extensions["qingshou.overtaken"](
                case_id, form, gettext("Assign to somebody else")
            )
            return told
        else:
            flash(gettext("%(name)s has the case now.", name=taker.name), "success")
            return redirect(url_for("desk.case", case_id=case_id))
    session.expire_all()
    found = queries.find_case(session, case_id, scope()) or abort(404)
    return current_app.extensions["qingshou.case_page"](found, assign_form=form), 422


def _handover_form(users: list[User], county: str) -> HandoverForm:
    form, session = HandoverForm(), db.session()
    form.giver.choices = [("", "—"), *named(users)]
    form.takers.choices = named(users)
    towns = {one.code: one.short for one in forces.townships_of(session, county)}
    villages = forces.villages_of(session, county)
    named_villages = [(one.code, f"{towns.get(one.code[:9], '')} {one.short}") for one in villages]
    form.area.choices = [("", gettext("All villages")), *named_villages]
    return form


@bp.route("/handovers", methods=["GET", "POST"])
@requires(Permission.ASSIGN)
def handovers() -> str | Response | tuple[str, int]:
    """Hand the cases of a collector to others: look at it first, then do it. And what was handed over before."""
    session, county = db.session(), forces.county_of(scope()) or abort(404)
    today, users = business_date(session), forces.collectors_in(session, scope())
    form = _handover_form(users, county)
    if not form.is_submitted():
        form.on.data = today
        return _handover_page(form, users, None)
    preview = None
    if form.validate():
        by_id = {str(one.id): one for one in users}
        takers = [by_id[number] for number in form.takers.data]
        order = Order(by_id[form.giver.data], takers, form.on.data, form.reason.data, form.which())
        try:
            preview = handing.preview(session, order, scope(), today)
            if not request.form.get("do"):
                return _handover_page(form, users, preview)
            made = handing.hand_over(session, order, user(), today)
            session.commit()
        except HandoverRefused as refused:
            session.rollback()
            field = form[refused.field]
            field.errors = [*field.errors, refused.message.render(gettext)]
        else:
            if made.applied_at:
                said = gettext("%(n)s cases have been handed over.", n=preview.count - preview.kept)
            else:
                said = gettext("The cases will be handed over on %(day)s.", day=order.on.isoformat())
            flash(said, "success")
            return redirect(url_for("cases.handovers"))
    return _handover_page(form, users, None), 422


def _handover_page(form: HandoverForm, users: list[User], preview: Preview | None) -> str:
    made = handing.handovers_of(db.session(), [one.id for one in users], PAGE_SIZE)
    return render_template("cases/handovers.html", form=form, preview=preview, made=made)


@bp.post("/handovers/<int:handover_id>/undo")
@requires(Permission.ASSIGN)
def undo_handover(handover_id: int) -> Response:
    """Give back what nobody has reassigned since."""
    session = db.session()
    made = session.get(Handover, handover_id)
    if made is None or not queries.may_see_collector(session, scope(), made.from_user_id):
        abort(404)
    try:
        undone = handing.undo(session, made, user(), business_date(session))
    except HandoverRefused as refused:
        session.rollback()
        flash(refused.message.render(gettext), "danger")
    else:
        session.commit()
        flash(gettext("%(n)s cases have gone back.", n=undone.back), "success")
        if undone.kept:
            numbers = ", ".join(map(str, undone.examples))
            said = gettext(
                "%(n)s stay where they are, because they were closed or reassigned since: case %(cases)s.",
                n=undone.kept,
                cases=numbers,
            )
            flash(said, "warning")
    return redirect(url_for("cases.handovers"))
