"""Forms: why something is shown, what a borrower asks for, what came of it."""

from collections.abc import Callable

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.labels import Labelled, Text
from app.trail.models import WORDS
from app.trail.rules import REASON_LENGTH, Outcome, Shown, Subject, Why


def _choices(kind: type[Labelled]) -> Callable[[], list[tuple[str, str]]]:
    return lambda: [(item.value, item.label.render(gettext)) for item in kind]


class _Refusable(FlaskForm):  # type: ignore[misc]
    """A form that takes the sentence of a refusal at the field it belongs to."""

    def tell(self, name: str, message: Text) -> None:
        said = message.render(gettext)
        if name in self:
            self[name].errors = [*self[name].errors, said]
        else:
            self.form_errors.append(said)


def _reason() -> StringField:
    return StringField(
        _l("In a few words"),
        [
            InputRequired(_l("Say in a few words what it is needed for.")),
            Length(max=REASON_LENGTH, message=_l("At most %(max)d characters.")),
        ],
        description=_l("It stands on the trail with your name. Leave numbers out of it."),
    )


class RevealForm(_Refusable):
    """What is to be shown in full, and why."""

    what = RadioField(
        _l("What"),
        [InputRequired(_l("Choose what is to be shown."))],
        choices=_choices(Shown),
        id="reveal-what",
    )
    why = SelectField(_l("What for"), [InputRequired()], choices=_choices(Why), id="reveal-why")
    reason = _reason()


class FileForm(_Refusable):
    """Why everything about a borrower is put together."""

    reason = _reason()


class CorrectionForm(_Refusable):
    """What a borrower says is wrong."""

    subject = SelectField(_l("What is wrong"), [InputRequired()], choices=_choices(Subject))
    asked_on = DateField(_l("Asked on"), [InputRequired(_l("Choose the day."))])
    wanted = TextAreaField(
        _l("What should stand there"),
        [
            InputRequired(_l("Write what should stand there.")),
            Length(max=WORDS, message=_l("At most %(max)d characters.")),
        ],
    )


class SettleForm(_Refusable):
    """What came of a request."""

    outcome = SelectField(_l("Outcome"), [InputRequired()], choices=_choices(Outcome))
    answer = StringField(
        _l("What was done"),
        [
            InputRequired(_l("Write what was done, and what the borrower was told.")),
            Length(max=WORDS, message=_l("At most %(max)d characters.")),
        ],
    )


class RetentionForm(FlaskForm):  # type: ignore[misc]
    """The day up to which the preview counted."""

    until = HiddenField(validators=[InputRequired()])
