"""Task forces with their areas, the rules of assignment, and who is away."""

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from app.accounts.access import allowed, requires, scope, user
from app.accounts.models import User
from app.accounts.rules import Permission
from app.db import db
from app.forces import actions, queries
from app.forces.actions import AbsenceEntry, ForceEntry, ForcesRefused, RuleEntry
from app.forces.forms import AbsenceForm, ForceForm, RuleForm, named
from app.forces.models import AssignmentRule, TaskForce
from app.forces.rules import Line, Method
from app.today import business_date

bp = Blueprint("forces", __name__, url_prefix="/forces")
Answer = str | Response | tuple[str, int]


def _county() -> str:
    """The county of the reader; collectors of a branch and administrators have none."""
    return queries.county_of(scope()) or abort(404)


def _refused(form: FlaskForm, refused: ForcesRefused) -> None:
    db.session().rollback()
    field = form[refused.field]
    field.errors = [*field.errors, refused.message.render(gettext)]


@bp.get("/")
@requires(Permission.LOANS)
def index() -> str:
    """Task forces, gaps, rules and absences of the reader's county."""
    session = db.session()
    county = queries.county_of(scope())
    return render_template(
        "forces/index.html",
        forces=queries.forces_of(session, county) if county else [],
        gaps=queries.gaps_of(session, county) if county else None,
        rules=queries.rules_of(session, county) if county else [],
        lines=list(Line),
        absences=queries.absences_of(session, scope(), business_date(session)),
        may_change=allowed(Permission.ASSIGN),
    )


def _force_form(county: str) -> ForceForm:
    session, form = db.session(), ForceForm()
    leaders = queries.leaders_in(session, county)
    form.leader.choices = [("", "—"), *((str(one.id), one.name) for one in leaders)]
    form.members.choices = named(queries.collectors_in(session, scope()))
    form.townships.choices = [(one.code, one.short) for one in queries.townships_of(session, county)]
    towns = dict(form.townships.choices)
    villages = queries.villages_of(session, county)
    form.villages.choices = [(one.code, f"{towns.get(one.code[:9], '')} {one.short}") for one in villages]
    form.branches.choices = _branch_choices(county)
    return form


def _branch_choices(county: str) -> list[tuple[str, str]]:
    found = queries.branches_of(db.session(), county)
    return [(str(one.id), f"{one.lender.name} {one.name}") for one in found]


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.ASSIGN)
def new() -> Answer:
    """A new task force."""
    return _edit_force(None)


@bp.route("/<int:force_id>", methods=["GET", "POST"])
@requires(Permission.ASSIGN)
def edit(force_id: int) -> Answer:
    """One task force: its leader, members and areas."""
    return _edit_force(queries.find_force(db.session(), force_id, _county()) or abort(404))


def _edit_force(force: TaskForce | None) -> Answer:
    session, county = db.session(), _county()
    form = _force_form(county)
    if not form.is_submitted():
        if force is not None:
            form.show(force)
        return render_template("forces/force.html", form=form, force=force)
    if form.validate():
        users = {str(one.id): one for one in queries.collectors_in(session, scope())}
        entry = ForceEntry(
            form.name.data,
            int(form.leader.data) if form.leader.data else None,
            [users[number] for number in form.members.data],
            [*form.townships.data, *form.villages.data],
            [int(number) for number in form.branches.data],
            form.active.data,
        )
        try:
            saved = actions.save_force(session, county, entry, user(), force)
            session.commit()
        except ForcesRefused as refused:
            _refused(form, refused)
        else:
            flash(gettext("%(name)s is saved.", name=saved.name), "success")
            return redirect(url_for("forces.index"))
    return render_template("forces/force.html", form=form, force=force), 422


@bp.route("/rules/new", methods=["GET", "POST"])
@requires(Permission.ASSIGN)
def new_rule() -> Answer:
    """A new rule, the last of its line."""
    return _edit_rule(None)


@bp.route("/rules/<int:rule_id>", methods=["GET", "POST"])
@requires(Permission.ASSIGN)
def rule(rule_id: int) -> Answer:
    """One rule of assignment."""
    return _edit_rule(_rule(rule_id))


def _rule(rule_id: int) -> AssignmentRule:
    return queries.find_rule(db.session(), rule_id, _county()) or abort(404)


def _rule_form(county: str) -> tuple[RuleForm, dict[str, User]]:
    session, form = db.session(), RuleForm()
    towns = queries.townships_of(session, county)
    names = {one.code: one.short for one in towns}
    areas = [(one.code, one.short) for one in towns]
    areas += [
        (one.code, f"{names.get(one.code[:9], '')} {one.short}")
        for one in queries.villages_of(session, county)
    ]
    users = queries.collectors_in(session, scope())
    form.prepare(sorted(areas), _branch_choices(county), users)
    return form, {str(one.id): one for one in users}


def _edit_rule(found: AssignmentRule | None) -> Answer:
    session, county = db.session(), _county()
    form, users = _rule_form(county)
    if not form.is_submitted():
        if found is not None:
            form.show(found)
        return render_template("forces/rule.html", form=form, rule=found, covers=None)
    covers = None
    if form.validate():
        chosen = [users[number] for number in form.users.data]
        line = Line(form.line.data)
        entry = RuleEntry(line, form.which(), Method(form.method.data), chosen, form.active.data)
        try:
            if request.form.get("ask"):
                actions.check_rule(session, county, entry)
                covers = current_app.extensions["qingshou.rule_covers"](
                    session, line, entry.which, chosen, business_date(session)
                )
                return render_template("forces/rule.html", form=form, rule=found, covers=covers)
            actions.save_rule(session, county, entry, user(), found)
            session.commit()
        except ForcesRefused as refused:
            _refused(form, refused)
        else:
            flash(
                gettext("The rule is saved. It holds for cases that open or lose a collector from now on."),
                "success",
            )
            return redirect(url_for("forces.index") + "#rules")
    return render_template("forces/rule.html", form=form, rule=found, covers=None), 422


@bp.post("/rules/<int:rule_id>/move")
@requires(Permission.ASSIGN)
def move_rule(rule_id: int) -> Response:
    """One place up or down."""
    actions.move_rule(db.session(), _rule(rule_id), request.form.get("up") == "1", user())
    db.session.commit()
    return redirect(url_for("forces.index") + "#rules")


@bp.post("/rules/<int:rule_id>/delete")
@requires(Permission.ASSIGN)
def delete_rule(rule_id: int) -> Response:
    """A rule ends; what it assigned stays."""
    actions.delete_rule(db.session(), _rule(rule_id), user())
    db.session.commit()
    flash(gettext("The rule is deleted. The cases it assigned stay where they are."), "success")
    return redirect(url_for("forces.index") + "#rules")


@bp.route("/absences/new", methods=["GET", "POST"])
@requires(Permission.ASSIGN)
def absence() -> Answer:
    """Somebody goes on leave, or leaves for good."""
    session, form = db.session(), AbsenceForm()
    users = queries.collectors_in(session, scope())
    form.prepare(users)
    if not form.is_submitted():
        return render_template("forces/absence.html", form=form)
    if form.validate():
        by_id = {str(one.id): one for one in users}
        ends_on = None if form.for_good.data else form.ends_on.data
        entry = AbsenceEntry(
            by_id[form.user.data],
            form.starts_on.data,
            ends_on,
            by_id.get(form.substitute.data or ""),
            form.reason.data or "",
        )
        try:
            actions.add_absence(session, entry, user(), business_date(session))
            session.commit()
        except ForcesRefused as refused:
            _refused(form, refused)
        else:
            flash(gettext("Noted: %(name)s will be away.", name=entry.user.name), "success")
            return redirect(url_for("forces.index") + "#absences")
    return render_template("forces/absence.html", form=form), 422


@bp.post("/absences/<int:absence_id>/cancel")
@requires(Permission.ASSIGN)
def cancel_absence(absence_id: int) -> Response:
    """He or she is here after all."""
    found: Any = queries.find_absence(db.session(), absence_id, scope()) or abort(404)
    actions.cancel_absence(db.session(), found, user())
    db.session.commit()
    flash(gettext("The absence is cancelled."), "success")
    return redirect(url_for("forces.index") + "#absences")
