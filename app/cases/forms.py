"""Forms of a case."""

from uuid import uuid4

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.cases.actions import NOTE_LENGTH


class NoteForm(FlaskForm):  # type: ignore[misc]
    """``key`` names one writing of a note, so that sending it twice saves it once."""

    text = TextAreaField(
        _l("What happened?"), [InputRequired(_l("Write what happened.")), Length(max=NOTE_LENGTH)]
    )
    key = HiddenField(default=lambda: uuid4().hex)
