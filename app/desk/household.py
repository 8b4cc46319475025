"""A household's page: all of its loans that the reader may see, and what both lines did about them."""

from flask import abort, render_template

from app.accounts.access import allowed, requires, scope
from app.accounts.rules import Permission
from app.db import db
from app.desk.borrowers import home
from app.desk.pages import bp
from app.today import business_date


@bp.get("/households/<int:household_id>")
@requires(Permission.LOANS)
def household(household_id: int) -> str:
    """One household."""
    session = db.session()
    today = business_date(session)
    found = home(session, household_id, scope(), today)
    if found is None:
        abort(404)
    return render_template(
        "desk/household.html", home=found, today=today, may_reveal=allowed(Permission.REVEAL)
    )
