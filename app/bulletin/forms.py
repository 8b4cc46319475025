"""The proof-reader's form."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import TextAreaField
from wtforms.validators import Length, ValidationError

from app.labels import T

MAX_TEXT = 200_000


class ProofreadForm(FlaskForm):  # type: ignore[misc]
    text = TextAreaField(_l("Text"), [Length(max=MAX_TEXT)])
    file = FileField(_l("Or a file (.txt, .docx, .html)"))

    def validate_text(self, field: TextAreaField) -> None:
        if not (field.data or "").strip() and not self.file.data:
            raise ValidationError(T("Paste the bulletin's text, or choose a file."))
