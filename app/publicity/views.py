"""The publicity log: a month by township and means, its entries, and the form to enter one."""

from datetime import date
from io import BytesIO

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as Redirect

from app import files
from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import Permission
from app.clock import add_months, parse_month
from app.db import db
from app.publicity import queries
from app.publicity.actions import add_entry
from app.publicity.actions import withdraw as withdraw_entry
from app.publicity.forms import PublicityForm, WithdrawForm, publicity_form
from app.publicity.queries import Chosen
from app.publicity.rules import Means, PublicityRefused, may_withdraw
from app.today import business_date
from app.web import PAGE_SIZE, after_day_and_id, page_of

bp = Blueprint("publicity", __name__, url_prefix="/publicity")
MONTHS = 13
SEALED_OFF = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
Answer = str | Redirect | tuple[str, int]


def _chosen(today: date) -> Chosen:
    """What is asked for; 404 for what there is not."""
    asked = request.args
    township, means = asked.get("township") or None, asked.get("means") or None
    sound = not township or (township.isascii() and township.isdigit() and len(township) <= 12)
    if not sound or (means and means not in set(Means)):
        abort(404)
    try:
        month = parse_month(asked["month"]) if asked.get("month") else today
    except (ValueError, OverflowError):
        abort(404)
    return Chosen(month, township, Means(means) if means else None)


@bp.get("/")
@requires(Permission.LOANS)
def index() -> str:
    """A month's log."""
    return _page()


def _page(withdraw_form: WithdrawForm | None = None, withdraw_id: int | None = None) -> str:
    session, mine = db.session(), scope()
    today, after = business_date(session), after_day_and_id()
    chosen = _chosen(today)
    counts = queries.counts(session, chosen.month, mine)
    found = queries.listed(session, mine, chosen, after, PAGE_SIZE + 1)
    shown = counts.of(chosen.township, chosen.means)
    page = page_of(found, shown.events, lambda one: f"{one.on},{one.id}")
    first = today.replace(day=1)
    return render_template(
        "publicity/index.html",
        chosen=chosen,
        counts=counts,
        names=queries.names(session, [*counts.townships, *([chosen.township] if chosen.township else [])]),
        page=page,
        shown=shown,
        months=[add_months(first, -n) for n in range(MONTHS)],
        may_write=allowed(Permission.PUBLICITY),
        removable={
            one.id
            for one in page.rows
            if allowed(Permission.PUBLICITY) and may_withdraw(user().role, one.author_id == user().id)
        },
        withdraw_form=withdraw_form,
        withdraw_id=withdraw_id,
    )


def _form() -> PublicityForm:
    session = db.session()
    townships = queries.townships_of(session, scope())
    return publicity_form(townships, queries.villages_of(session, townships), business_date(session))


@bp.get("/new")
@requires(Permission.PUBLICITY)
def new() -> str:
    """The form."""
    return render_template("publicity/new.html", form=_form())


@bp.post("/new")
@requires(Permission.PUBLICITY)
def add() -> Answer:
    """Enter it."""
    session, form = db.session(), _form()
    if not form.validate_on_submit():
        return _again(form)
    try:
        made = add_entry(session, user(), form.entry(), business_date(session), files.attachments())
        month = made.on.strftime("%Y-%m")
        session.commit()
    except PublicityRefused as refused:
        session.rollback()
        form.tell(refused.field, refused.message)
        return _again(form)
    except IntegrityError:  # the same form, sent twice at once: the other one is saved
        session.rollback()
        month = form.on.data.strftime("%Y-%m")
    flash(gettext("It is entered."), "success")
    return redirect(url_for("publicity.index", month=month))


def _again(form: PublicityForm) -> tuple[str, int]:
    form.remind_of_photo()
    return render_template("publicity/new.html", form=form), 422


@bp.post("/<int:entry_id>/withdraw")
@requires(Permission.PUBLICITY)
def withdraw(entry_id: int) -> Answer:
    """Let an entry count no more."""
    session = db.session()
    found = queries.find(session, entry_id, scope())
    if found is None:
        abort(404)
    form = WithdrawForm(prefix=f"withdraw-{entry_id}-")
    if not form.validate_on_submit():
        return _page(form, entry_id), 422
    try:
        withdraw_entry(session, found, user(), form.reason.data, business_date(session))
        session.commit()
    except PublicityRefused as refused:
        session.rollback()
        form.tell(refused.field, refused.message)
        return _page(form, entry_id), 422
    flash(gettext("The entry is withdrawn; it counts no more."), "success")
    return redirect(url_for("publicity.index", month=found.on.strftime("%Y-%m")))


@bp.get("/<int:entry_id>/photo")
@requires(Permission.LOANS)
def photo(entry_id: int) -> Response:
    """The photo, to whoever sees the entry; ``?small=1`` for the small picture."""
    found = queries.find(db.session(), entry_id, scope())
    small = bool(request.args.get("small"))
    content = None
    if found is not None and found.photo_digest is not None:
        store = files.attachments()
        content = store.read_small(found.photo_digest) if small else store.read(found.photo_digest)
    if found is None or content is None:
        abort(404)
    answer = send_file(BytesIO(content), mimetype=files.JPEG if small else found.photo_mime)
    answer.headers["Content-Security-Policy"] = SEALED_OFF
    answer.headers["Cache-Control"] = "no-store"
    return answer
