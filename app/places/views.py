"""The townships of the reader's county and the names they go by."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.db import db
from app.places import queries
from app.places.actions import PlacesRefused, add_alias, add_township
from app.places.forms import AliasForm, TownshipForm
from app.places.models import Region
from app.places.rules import CODE_LENGTHS, Level

bp = Blueprint("places", __name__, url_prefix="/places")


def _county() -> Region:
    found = db.session.get(Region, (user().region_code or "")[: CODE_LENGTHS[Level.COUNTY]])
    if found is None:
        abort(404)
    return found


@bp.route("/", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def index() -> str | Response | tuple[str, int]:
    """Townships with their names; one that is lacking can be added."""
    county, form = _county(), TownshipForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            added = add_township(
                db.session(), county.code, form.name.data, form.code.data or "", user().username
            )
        except PlacesRefused as refused:
            form.name.errors = [*form.name.errors, refused.message]
        else:
            db.session.commit()
            flash(gettext("%(name)s is added.", name=added.short), "success")
            return redirect(url_for("places.index"))
    townships = queries.townships(db.session(), county.code)
    return render_template("places/index.html", county=county, townships=townships, form=form), status


@bp.route("/<code>", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def show(code: str) -> str | Response | tuple[str, int]:
    """One township: its names, to which another can be added."""
    place, form = db.session.get(Region, code), AliasForm()
    if place is None or place.level is not Level.TOWNSHIP or not scope().covers_region(code):
        abort(404)
    if form.validate_on_submit():
        try:
            add_alias(db.session(), code, form.name.data.strip(), user().username)
        except PlacesRefused as refused:
            form.name.errors = [*form.name.errors, refused.message]
        else:
            db.session.commit()
            flash(
                gettext("Noted: %(alias)s means %(name)s.", alias=form.name.data, name=place.short), "success"
            )
            return redirect(url_for("places.index"))
    status = 422 if form.is_submitted() else 200
    names = queries.names_of(db.session(), code)
    return render_template("places/show.html", place=place, names=names, form=form), status
