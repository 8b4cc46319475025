"""The forms of the publicity log, made for a phone in a village."""

from datetime import date
from uuid import uuid4

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    DateField,
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, ValidationError

from app.files import Cleaned, FileUnfit, clean
from app.labels import T, Text
from app.places.models import Region
from app.publicity.actions import Entry
from app.publicity.rules import Means

KEY_LENGTH = 64


class _Refusable(FlaskForm):  # type: ignore[misc]
    """A form that takes the sentence of a refusal at the field it belongs to."""

    def tell(self, name: str, message: Text) -> None:
        field = self[name]
        field.errors = [*field.errors, message.render(gettext)]


class PublicityForm(_Refusable):
    """``key`` names one writing, so that a shaky connection enters it once."""

    on = DateField(_l("Day"), [InputRequired(_l("Choose the day."))])
    region = SelectField(
        _l("Township or village"), [InputRequired(_l("Choose a township or a village of your area."))]
    )
    means = RadioField(
        _l("By what means"),
        [InputRequired(_l("Choose the means."))],
        choices=lambda: [(one.value, one.label.render(gettext)) for one in Means],
    )
    people = IntegerField(_l("People reached"), [InputRequired(_l("Enter how many people were reached."))])
    text = TextAreaField(
        _l("What was done"), filters=[lambda text: text.replace("\r\n", "\n") if text else text]
    )
    photo = FileField(_l("Photo"))
    key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=KEY_LENGTH)])

    cleaned: Cleaned | None = None

    def validate_on(self, field: Field) -> None:
        _plain_error(field, T("This is no date like 2023-12-05."))

    def validate_people(self, field: Field) -> None:
        _plain_error(field, T("Enter a whole number, such as 35."))

    def validate_photo(self, field: Field) -> None:
        if not field.data or not field.data.filename:
            return
        try:
            self.cleaned = clean(field.data.filename, field.data.read())
        except FileUnfit as unfit:
            raise ValidationError(f"{unfit.message.render(gettext)} {_again()}") from None

    def remind_of_photo(self) -> None:
        """A browser never sends a chosen file back: say so when the form returns for another reason."""
        if self.cleaned is not None:
            self.photo.errors = [*self.photo.errors, _again()]

    def entry(self) -> Entry:
        return Entry(
            self.region.data,
            self.on.data,
            Means(self.means.data),
            self.people.data,
            self.text.data or "",
            self.cleaned,
            self.key.data or None,
        )


class WithdrawForm(_Refusable):
    reason = StringField(_l("Reason"), [InputRequired(_l("Give the reason."))])


def publicity_form(townships: list[Region], villages: dict[str, list[Region]], day: date) -> PublicityForm:
    """The form with the places of an account to choose from; ``day`` is what an empty one begins with."""
    form = PublicityForm(on=day)
    whole = gettext("whole township")
    form.region.choices = {
        one.name: [
            (one.code, f"{one.short} ({whole})"),
            *((village.code, village.name) for village in villages[one.code]),
        ]
        for one in townships
    }
    return form


def _again() -> str:
    return str(gettext("What you typed is still here; choose the photo again."))


def _plain_error(field: Field, sentence: Text) -> None:
    """Replace what WTForms says of a value that it could not read."""
    if field.raw_data and field.raw_data[0] and field.data is None:
        field.errors, field.process_errors = [], []
        raise ValidationError(sentence.render(gettext))
