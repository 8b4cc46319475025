"""The form that a bundle is given with."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms.validators import ValidationError

from app.labels import T


class BundleForm(FlaskForm):  # type: ignore[misc]
    file = FileField(_l("Bundle"))

    def validate_file(self, field: FileField) -> None:
        if not field.data:
            raise ValidationError(T("Choose the .zip, or the manifest.json in it."))
