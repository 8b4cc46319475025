"""What people remark on a bulletin: comments at a place, and findings that are none."""

from flask import abort, redirect, request, url_for
from flask_babel import gettext

from app.accounts.access import requires, user
from app.accounts.rules import Permission
from app.db import db
from app.editions import actions
from app.editions.actions import EditionRefused
from app.editions.forms import CommentForm
from app.editions.models import Comment, Edition
from app.editions.views import Answer, bp, edition_or_404, edition_page, step


@bp.post("/<int:edition_id>/comments")
@requires(Permission.EDITIONS)
def comment(edition_id: int) -> Answer:
    """Remark on a paragraph."""
    session, edition, form = db.session(), edition_or_404(edition_id), CommentForm()
    if not form.validate_on_submit():
        return edition_page(edition, form), 422
    try:
        actions.comment(session, edition, user(), form.place, form.quote.data or "", form.text.data)
    except EditionRefused as refused:
        session.rollback()
        form[refused.field or "text"].errors = [refused.message.render(gettext)]
        return edition_page(edition_or_404(edition_id), form), 422
    session.commit()
    return redirect(url_for("editions.show", edition_id=edition_id) + "#comments")


@bp.post("/<int:edition_id>/comments/<int:comment_id>")
@requires(Permission.EDITIONS)
def settle(edition_id: int, comment_id: int) -> Answer:
    """A comment is settled."""
    session, edition = db.session(), edition_or_404(edition_id)
    found = session.get(Comment, comment_id)
    if found is None or found.edition_id != edition.id:
        abort(404)
    actions.resolve_comment(session, edition, found, user())
    session.commit()
    return redirect(url_for("editions.show", edition_id=edition_id) + "#comments")


@bp.post("/<int:edition_id>/aside")
@requires(Permission.EDITIONS)
def aside(edition_id: int) -> Answer:
    """These two characters are a word, not a name."""

    def take(edition: Edition) -> str:
        typed = request.form.get("words", ""), request.form.get("reason", "")
        actions.set_aside(db.session(), edition, user(), *typed)
        return str(gettext("Kept with its reason."))

    return step(edition_id, take)
