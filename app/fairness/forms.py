"""Forms of marks and numbers."""

from collections.abc import Callable

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.fairness.actions import NAME_LENGTH, REASON_LENGTH
from app.fairness.words import Mark, Reaches, Whose
from app.labels import Labelled


def _choices(kind: type[Labelled]) -> Callable[[], list[tuple[str, str]]]:
    """The choices of a field in the reader's language, asked for when the form is made."""
    return lambda: [(item.value, item.label.render(gettext)) for item in kind]


class PhoneForm(FlaskForm):  # type: ignore[misc]
    """A further number of a borrower."""

    number = StringField(
        _l("Number"), id="new-number", validators=[InputRequired(_l("Enter the number.")), Length(max=40)]
    )
    whose = SelectField(_l("Whose"), choices=_choices(Whose), default=Whose.SELF.value, id="new-whose")
    name = StringField(_l("Name or relation"), [Length(max=NAME_LENGTH)], id="new-name")


class ReachesForm(FlaskForm):  # type: ignore[misc]
    """What calling a number has shown."""

    reaches = SelectField(_l("Reaches"), choices=_choices(Reaches))
    whose = SelectField(_l("Whose"), choices=_choices(Whose))


class MarkForm(FlaskForm):  # type: ignore[misc]
    """A mark with its reason."""

    kind = SelectField(_l("Mark"), choices=_choices(Mark), id="mark-kind")
    reason = StringField(
        _l("Reason for the mark"),
        id="mark-reason",
        validators=[
            InputRequired(_l("Give the reason.")),
            Length(max=REASON_LENGTH, message=_l("At most %(max)d characters.")),
        ],
    )


class LiftForm(FlaskForm):  # type: ignore[misc]
    """Why a mark ends: for an opt-out, the request."""

    reason = StringField(
        _l("Reason for lifting it"),
        [
            InputRequired(_l("Give the reason.")),
            Length(max=REASON_LENGTH, message=_l("At most %(max)d characters.")),
        ],
    )
