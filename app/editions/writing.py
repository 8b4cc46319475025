"""The pages on which a bulletin is written: its text, and what has changed between two of them."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from app.accounts.access import requires, user
from app.accounts.rules import Permission
from app.db import db
from app.editions import actions, queries
from app.editions.actions import EditionRefused, TextOvertaken
from app.editions.changes import Line, compare
from app.editions.drafting import facts_of
from app.editions.fields import offered, offered_rows
from app.editions.forms import WritingForm
from app.editions.models import Edition, EditionVersion
from app.editions.rules import Written
from app.editions.states import OPEN
from app.editions.views import Answer, bp, edition_or_404
from app.labels import T, Text

_PARTS: dict[str, Text] = {
    "title": T("Title"),
    "opening": T("Opening"),
    "problems": T("Part 2, problems"),
    "demands": T("Part 3, demands"),
}


@bp.route("/<int:edition_id>/text", methods=["GET", "POST"])
@requires(Permission.EDITIONS)
def write(edition_id: int) -> Answer:
    """Write the parts that people write; figures are live fields."""
    session, edition = db.session(), edition_or_404(edition_id)
    if edition.state not in OPEN:
        abort(404)
    if request.method == "GET":
        return _page(edition, WritingForm.of(edition))
    form = WritingForm()
    if not form.validate_on_submit():
        return _page(edition, form), 422
    written = form.written()
    try:
        kept = actions.save(session, edition, written, user(), int(form.version.data))
    except TextOvertaken as overtaken:
        session.rollback()
        edition = edition_or_404(edition_id)
        form.version.data = str(edition.version)  # whoever saves again has seen the other text
        form.form_errors = [overtaken.message.render(gettext)]
        return _page(edition, form, _differences(written, edition)), 422
    except EditionRefused as refused:
        session.rollback()
        messages = [reason.render(gettext) for reason in refused.details or (refused.message,)]
        field = form[refused.field] if refused.field in _PARTS else form.problems
        field.errors = messages
        return _page(edition_or_404(edition_id), form), 422
    session.commit()
    flash(gettext("The text is saved.") if kept else gettext("Nothing was changed."), "success")
    return redirect(url_for("editions.show", edition_id=edition_id))


def _page(edition: Edition, form: WritingForm, theirs: list[tuple[Text, list[Line]]] | None = None) -> str:
    facts = facts_of(db.session(), edition.region_code, edition.month)
    return render_template(
        "editions/text.html",
        edition=edition,
        form=form,
        fields=offered(facts),
        rows=offered_rows(facts),
        theirs=theirs,
    )


def _differences(mine: Written, theirs: Edition | EditionVersion) -> list[tuple[Text, list[Line]]]:
    """What this person's text would change in the one that somebody else has saved."""
    parts = [(label, compare(getattr(theirs, name), getattr(mine, name))) for name, label in _PARTS.items()]
    return [(label, lines) for label, lines in parts if any(line.changed for line in lines)]


@bp.get("/<int:edition_id>/changes")
@requires(Permission.FIGURES)
def changes(edition_id: int) -> str:
    """What has changed between two saved texts, by default the last two."""
    edition = edition_or_404(edition_id)
    if not queries.may_see_drafts(user()):
        abort(404)
    found = queries.versions(db.session(), edition)
    if not found:
        abort(404)
    by_number = {version.n: version for version in found}
    new = by_number.get(request.args.get("to", found[0].n, int))
    before = next((v.n for v in found if new is not None and v.n < new.n), found[-1].n)
    old = by_number.get(request.args.get("from", before, int))
    if new is None or old is None:
        abort(404)
    parts = [(label, compare(getattr(old, name), getattr(new, name))) for name, label in _PARTS.items()]
    return render_template(
        "editions/changes.html", edition=edition, versions=found, old=old, new=new, parts=parts
    )
