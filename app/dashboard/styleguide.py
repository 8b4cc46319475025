"""The style guide, in development only."""

from flask import Blueprint, render_template

from app.accounts.access import requires
from app.accounts.rules import Permission

bp = Blueprint("styleguide", __name__)


@bp.get("/styleguide")
@requires(Permission.PUBLIC)
def show() -> str:
    return render_template("styleguide.html")
