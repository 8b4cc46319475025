"""Is a bundle untouched? And the published figures of a region whose loans are not here: looked at, then taken."""

import zlib
from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import replace

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.accounts.access import requires, scope, user
from app.accounts.rules import Permission
from app.bulletin.incoming import ManifestRefused
from app.db import db
from app.editions.bundle import unpack
from app.editions.bundle_forms import BundleForm
from app.editions.manifest import MOST_BYTES, NAME, BundleUnfit, Manifest, read
from app.editions.receiving import examine, receive
from app.editions.recount import knows, recount
from app.editions.verify import Verdict, check

bp = Blueprint("bundles", __name__, url_prefix="/bulletin/bundles")


@bp.route("/", methods=["GET", "POST"])
@requires(Permission.IMPORT)
def index() -> str | tuple[str, int]:
    """A bundle is given, and what it is is shown. It is not kept."""
    form = BundleForm()
    if not form.validate_on_submit():
        return render_template("editions/verify.html", form=form), 422 if form.is_submitted() else 200
    try:
        files = unpack(form.file.data.read())
    except BundleUnfit as unfit:
        form.file.errors = [unfit.message]
        return render_template("editions/verify.html", form=form), 422
    verdict = _judge(files)
    return render_template(
        "editions/verify.html",
        form=BundleForm(formdata=None),
        verdict=verdict,
        files=_states(verdict, files),
        **_offer(verdict, files),
    )


def _judge(files: dict[str, bytes]) -> Verdict:
    """From the files; of a bundle of our own also what is within them, and what the database tells."""
    verdict = check(files, reread=False)
    found = verdict.manifest
    if found is None or not verdict.untouched or not _is_ours(found):
        return verdict
    verdict = check(files)
    if scope().covers_region(found.figures.region_code) and knows(db.session(), found):
        problems = recount(db.session(), found, files[NAME])
        verdict = replace(verdict, problems=(*verdict.problems, *problems))
    return verdict


def _is_ours(manifest: Manifest) -> bool:
    """Sealed by the key of this instance? Only then the files themselves are opened here."""
    ours: str | None = current_app.extensions["qingshou.public_key"](manifest.figures.region_code)
    return ours is not None and ours == manifest.public_key


def _states(verdict: Verdict, files: dict[str, bytes]) -> list[tuple[str, bool]]:
    """Each file's name, and whether it is as it was sealed."""
    wrong = {problem.file for problem in verdict.problems}
    named = verdict.manifest.files if verdict.manifest and not verdict.alone else {}
    return [(name, name not in wrong) for name in dict.fromkeys([NAME, *named, *files])]


def _offer(verdict: Verdict, files: dict[str, bytes]) -> dict[str, object]:
    """What taking it would bring; nothing for a bundle of our own, or of a place that is not the reader's."""
    found = verdict.manifest
    if found is None:
        return {}
    ours = _is_ours(found)
    shown: dict[str, object] = {"figures": found.figures, "ours": ours}
    if ours or not verdict.untouched:
        return shown
    if not scope().covers_region(found.figures.region_code):
        return shown | {"elsewhere": True}
    packed = b64encode(zlib.compress(files[NAME])).decode()
    return shown | {"arrival": examine(db.session(), verdict, files), "packed": packed}


@bp.post("/take")
@requires(Permission.IMPORT)
def take() -> Response | tuple[str, int]:
    """Take the figures of the manifest that was just looked at; its seal is checked once more."""
    data = _unpacked(request.form.get("manifest", ""))
    try:
        manifest = read(data)
        if not scope().covers_region(manifest.figures.region_code):
            abort(404)
        receive(db.session(), manifest, data, user().username, new_key=bool(request.form.get("new_key")))
    except (BundleUnfit, ManifestRefused) as refused:
        db.session.rollback()
        form = BundleForm(formdata=None)
        form.file.errors = [refused.message]
        return render_template("editions/verify.html", form=form), 422
    db.session.commit()
    name, month = manifest.figures.region_name, f"{manifest.figures.month:%Y-%m}"
    flash(gettext("The figures of %(name)s for %(month)s are taken.", name=name, month=month), "good")
    return redirect(url_for("bundles.index"))


def _unpacked(text: str) -> bytes:
    """The manifest that the page before sent along; at most so large, whatever it says."""
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(b64decode(text, validate=True), MOST_BYTES + 1)
    except (zlib.error, Error, ValueError):
        abort(400)
    return data
