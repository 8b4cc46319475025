"""The form that a bundle is given with."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired


class BundleForm(FlaskForm):  # type: ignore[misc]
    file = FileField(_l("Bundle"), [FileRequired(message=_l("Choose the .zip, or the manifest.json in it."))])
