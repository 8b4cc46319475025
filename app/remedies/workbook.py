"""The disposal ledger's workbook: taken out, edited, brought back, looked at, accepted."""

from io import BytesIO
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import force_locale, gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from app import audit
from app.accounts.access import requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.cases.actions import EventRefused, Overtaken
from app.db import db
from app.labels import T, Text
from app.privacy import mask_name
from app.remedies import exchange, queries, register
from app.remedies.actions import DisposalRefused
from app.remedies.forms import WorkbookForm
from app.remedies.register import ALSO_CALLED, Column, Wording
from app.remedies.returned import rows_said
from app.remedies.rules import Cause, Route
from app.remedies.views import asked, chosen
from app.today import business_date
from app.web import LANGUAGES, day, exported_by

bp = Blueprint("register", __name__)
Answer = str | Response | tuple[str, int]
MOST_CASES = 100_000
_DAY = 24 * 3600
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _render(text: Text) -> str:
    return text.render(gettext)


def _wording(today: Any) -> Wording:
    return Wording(
        gettext("Disposal ledger of overdue loans"),
        gettext("As of %(day)s. Unit: yuan", day=day(today)),
        exported_by(user().name, user().username),
        [_render(column.label) for column in Column],
        gettext("subtotal"),
        gettext("Total"),
        gettext("Filled in by: ____________    Checked by: ____________    Date: ____________"),
    )


@bp.post("/disposal/export")
@requires(Permission.NOTES)
def export() -> Answer:
    """The cases of the filter as an official ledger; the trail keeps who took it."""
    session, mine, today = db.session(), scope(), business_date(db.session())
    wanted = chosen()
    number, _ = queries.count(session, mine, wanted, today)
    if number > MOST_CASES:
        said = gettext("%(n)s cases are too many for one workbook. Choose a township.", n=number)
        flash(said, "danger")
        return redirect(url_for("remedies.cases", **asked()))
    audit.record(session, user().username, "remedies.export", "case", "", cases=number)
    session.commit()
    name = str if user().role in COLLECTORS else mask_name
    stream = BytesIO()
    register.write(stream, _wording(today), exchange.lines(session, mine, wanted, today, _render, name))
    stream.seek(0)
    file = gettext("disposal-ledger-%(day)s.xlsx", day=today.isoformat())
    return send_file(stream, mimetype=_XLSX, as_attachment=True, download_name=file)


def _titles() -> dict[str, Column]:
    """Each column's title in every language, and what counties call them besides."""
    found = dict(ALSO_CALLED)
    for language in LANGUAGES:
        with force_locale(language):
            found |= {_render(column.label): column for column in Column}
    return found


def _words() -> dict[str, Cause | Route]:
    """The causes and routes by their labels in every language."""
    found: dict[str, Cause | Route] = {}
    for language in LANGUAGES:
        with force_locale(language):
            found |= {f"{type(one).__name__}:{_render(one.label)}": one for one in (*Cause, *Route)}
    return found


def _seal() -> URLSafeTimedSerializer:
    """What was previewed goes with the page and comes back unchanged."""
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="disposal-import")


def _page(form: WorkbookForm, **shown: Any) -> str:
    return render_template(
        "remedies/import.html", form=form, names_in_full=user().role in COLLECTORS, **shown
    )


@bp.route("/disposal/import", methods=["GET", "POST"])
@requires(Permission.NOTES)
def bring() -> Answer:
    """Bring the edited workbook back: what it would change, and which rows are refused."""
    form = WorkbookForm()
    if not form.validate_on_submit():
        return _page(form), 422 if form.is_submitted() else 200
    sheet = current_app.extensions["qingshou.first_sheet"](form.file.data.read())
    said = sheet if isinstance(sheet, Text) else rows_said(sheet, _titles())
    if isinstance(said, Text):
        form.file.errors = [_render(said)]
        return _page(form), 422
    session, today = db.session(), business_date(db.session())
    preview = exchange.examine(session, scope(), user(), said, today, _render, _words())
    session.rollback()
    if len(preview.changes) > exchange.MOST_CHANGES:
        form.file.errors = [_render(exchange.TOO_MANY_CHANGES)]
        return _page(form), 422
    orders = [exchange.order_of(change) for change in preview.changes]
    return _page(form, preview=preview, sealed=_seal().dumps([user().id, orders]))


@bp.post("/disposal/import/accept")
@requires(Permission.NOTES)
def accept() -> Answer:
    """Take all the changes that the preview showed, or none."""
    form = WorkbookForm(formdata=None)
    session, mine, today = db.session(), scope(), business_date(db.session())
    try:
        account, orders = _seal().loads(request.form.get("changes", ""), max_age=_DAY)
        if account != user().id:
            raise BadSignature("another account's")
    except BadSignature:
        form.file.errors = [gettext("The preview is no longer valid. Choose the file again.")]
        return _page(form), 422
    try:
        number = exchange.take(session, mine, orders, user(), today)
        session.commit()
    except (Overtaken, exchange.Gone):
        why = T(
            "A case has been changed by somebody else meanwhile. Nothing was taken; choose the file again."
        )
    except (DisposalRefused, EventRefused) as refused:
        why = T("Nothing was taken: %(why)s Choose the file again.", why=refused.message)
    else:
        flash(gettext("%(n)s cases have been changed.", n=number), "success")
        return redirect(url_for("remedies.index"))
    session.rollback()
    form.file.errors = [_render(why)]
    return _page(form), 409
