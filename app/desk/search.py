"""The search box: asked by POST, so that an ID number stands in no address and no log."""

from typing import Any

from flask import g, render_template, request
from sqlalchemy import select

from app.accounts.access import allowed, requires, scope, user
from app.accounts.rules import COLLECTORS, Permission
from app.cases.search import SHOWN, search
from app.db import db
from app.desk.pages import bp
from app.fairness.models import BorrowerPhone


@bp.app_context_processor
def _box() -> dict[str, bool]:
    """Whether a page has the search box."""
    return {"may_search": not g.get("failed") and allowed(Permission.LOANS)}


def _owners(number: str) -> Any:
    return select(BorrowerPhone.borrower_id).where(BorrowerPhone.number == number)


def _found() -> dict[str, Any]:
    text = request.form.get("q", "")
    found = search(db.session(), scope(), text, _owners)
    cases, more = found or ([], False)
    return {
        "q": text,
        "asked": bool(text.strip()),
        "short": found is None,
        "cases": cases,
        "more": more,
        "shown": SHOWN,
        "names_in_full": user().role in COLLECTORS,
    }


@bp.get("/search")
@requires(Permission.LOANS)
def search_form() -> str:
    """The empty box, for whoever comes back to this address."""
    return render_template(
        "cases/search.html", q="", asked=False, short=True, cases=[], more=False, shown=SHOWN
    )


@bp.post("/search")
@requires(Permission.LOANS)
def search_page() -> str:
    """The cases that fit what was typed."""
    return render_template("cases/search.html", **_found())


@bp.post("/search/suggest")
@requires(Permission.LOANS)
def suggest() -> str:
    """The same while typing, as a list below the box."""
    return render_template("cases/_suggest.html", **_found())
