"""Forms of an import."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, StringField
from wtforms.validators import InputRequired, Length, Optional


class UploadForm(FlaskForm):  # type: ignore[misc]
    file = FileField(_l("Ledger (.xlsx, .xls, .csv)"), [FileRequired(_l("Choose a file."))])
    lender = StringField(
        _l("Lender, where the file does not say"), [Length(max=64)], render_kw={"list": "lenders"}
    )
    as_of = DateField(_l("Data as of, where the file does not say"), [Optional()])


class AcceptForm(FlaskForm):  # type: ignore[misc]
    as_of = DateField(_l("Data as of"), [InputRequired(_l("Give the date of the figures."))])
    accept_valid = BooleanField(_l("Take the valid rows and leave out the refused ones"))
