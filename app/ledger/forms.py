"""Forms of an import."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

LENDER_LENGTH = 64
_LENDERS = {"list": "lenders", "autocomplete": "off"}  # the page's <datalist>
_TOO_LONG = Length(max=LENDER_LENGTH, message=_l("A lender's name has at most %(max)d characters."))


class DayField(DateField):  # type: ignore[misc]
    """A date, with a sentence of our own for what is none."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(gettext("Give the date as year, month and day: 2023-10-31.")) from None


def _stripped(text: str | None) -> str:
    return (text or "").strip()


class UploadForm(FlaskForm):  # type: ignore[misc]
    file = FileField(_l("Ledger"), [FileRequired(_l("Choose a file."))])
    lender = StringField(_l("Lender"), [_TOO_LONG], filters=[_stripped], render_kw=_LENDERS)
    as_of = DayField(_l("Data as of"), [Optional()])


class AgainForm(FlaskForm):  # type: ignore[misc]
    """What the file itself did not say, for reading it once more."""

    lender = StringField(_l("Lender"), [_TOO_LONG], filters=[_stripped], render_kw=_LENDERS)
    as_of = DayField(_l("Data as of"), [Optional()])


class AcceptForm(FlaskForm):  # type: ignore[misc]
    as_of = DayField(_l("Data as of"), [InputRequired(_l("Give the date of the figures."))])
    accept_valid = BooleanField(_l("Take the valid rows and leave out the refused ones"))


class HeadersForm(FlaskForm):  # type: ignore[misc]
    """Whose column titles are explained; the titles themselves come as pairs of ``header`` and ``field``."""

    lender = StringField(
        _l("Lender whose titles these are"),
        [DataRequired(_l("Name the lender, so that its titles are known next month.")), _TOO_LONG],
        filters=[_stripped],
        render_kw=_LENDERS,
    )
