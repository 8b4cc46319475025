"""Forms of a case."""

from uuid import uuid4

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.cases.actions import NOTE_LENGTH

KEY_LENGTH = 64


def _one_newline(text: str | None) -> str | None:
    """A browser sends each line's end as two characters and counts it as one."""
    return text.replace("\r\n", "\n") if text else text


class NoteForm(FlaskForm):  # type: ignore[misc]
    """``key`` names one writing of a note, so that sending it twice saves it once."""

    text = TextAreaField(
        _l("What happened?"),
        [
            InputRequired(_l("Write what happened.")),
            Length(max=NOTE_LENGTH, message=_l("A note has at most %(max)d characters. Shorten it.")),
        ],
        filters=[_one_newline],
    )
    key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=KEY_LENGTH)])
