"""The pages of what a region's bulletins have in common: letterhead, document numbers, clauses."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.accounts.access import requires, user
from app.accounts.rules import Permission
from app.bulletin.queries import newest_month
from app.db import db
from app.editions import publishing, queries
from app.editions.actions import EditionRefused
from app.editions.clauses import ClauseKind, Condition, Wording
from app.editions.drafting import clauses_of, facts_of, letterhead
from app.editions.fields import offered
from app.editions.forms import LetterheadForm
from app.editions.views import Answer, bp, region_or_404
from app.today import business_date

MOST_CLAUSES = 60


@bp.route("/letterhead", methods=["GET", "POST"])
@requires(Permission.EDITIONS)
def head() -> Answer:
    """Prefix and last number, who signs, the red head, to whom it goes."""
    session, place = db.session(), region_or_404()
    year = business_date(session).year
    last = queries.last_number(session, place.code, year)
    if request.method == "GET":
        return render_template(
            "editions/letterhead.html", form=LetterheadForm.of(letterhead(session, place.code), last), place=place,
            year=year,
        )  # fmt: skip
    form = LetterheadForm()
    if form.validate_on_submit():
        try:
            publishing.set_letterhead(session, place.code, form.head(), user())
            if form.last.data is not None:
                publishing.set_last_number(session, place.code, year, form.last.data, user())
        except EditionRefused as refused:
            session.rollback()
            form[refused.field].errors = [refused.message.render(gettext)]
        else:
            session.commit()
            flash(gettext("The letterhead is saved."), "success")
            return redirect(url_for("editions.index", region=place.code))
    return render_template("editions/letterhead.html", form=form, place=place, year=year), 422


@bp.route("/clauses", methods=["GET", "POST"])
@requires(Permission.EDITIONS)
def clauses() -> Answer:
    """The library in its order; an emptied clause is taken out, the empty one at the end adds one."""
    session, place = db.session(), region_or_404()
    if request.method == "GET":
        return _clauses_page(place.code, clauses_of(session, place.code))
    typed = _typed()
    kept = [clause for clause in typed if clause.text]
    try:
        publishing.set_clauses(session, place.code, kept, user(), newest_month(session))
    except EditionRefused as refused:
        session.rollback()
        wrong = typed.index(kept[int(refused.field)])
        return _clauses_page(place.code, typed, {wrong: refused.message.render(gettext)}), 422
    session.commit()
    flash(gettext("The clauses are saved; the next draft takes them."), "success")
    return redirect(url_for("editions.clauses", region=place.code))


def _typed() -> list[Wording]:
    """The clauses of the form, with what is none read as the first choice."""
    columns = (request.form.getlist(name) for name in ("kind", "condition", "text"))
    active = set(request.form.getlist("active"))
    return [
        Wording(
            ClauseKind(kind) if kind in set(ClauseKind) else ClauseKind.DEMAND,
            Condition(condition) if condition in set(Condition) else Condition.ALWAYS,
            text.replace("\r\n", "\n").strip(),
            str(number) in active,
        )
        for number, (kind, condition, text) in enumerate(list(zip(*columns, strict=False))[:MOST_CLAUSES])
    ]


def _clauses_page(region: str, shown: list[Wording], errors: dict[int, str] | None = None) -> str:
    session = db.session()
    month = newest_month(session)
    if not shown or shown[-1].text:
        shown = [*shown, Wording(ClauseKind.DEMAND, Condition.ALWAYS, "")]
    return render_template(
        "editions/clauses.html", clauses=shown, kinds=list(ClauseKind), conditions=list(Condition), region=region,
        errors=errors or {}, fields=offered(facts_of(session, region, month)) if month else [],
    )  # fmt: skip
