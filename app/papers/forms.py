"""The forms by which papers are printed, and their delivery is recorded."""

from collections.abc import Iterable
from datetime import date, timedelta

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import DateField, Field, RadioField, SelectField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.contacts.actions import MOST_FILES
from app.files import Cleaned, FileUnfit, clean
from app.labels import T, Text
from app.papers.actions import TEXT_LENGTH, USUAL_DAYS, Given
from app.papers.models import Paper
from app.papers.rules import Delivery, PaperKind

WITNESS_LENGTH = 64
IN_PERSON, BY_POST = "person", "post"
_HANDED = {IN_PERSON: T("Handed over in person"), BY_POST: T("By post, with a receipt")}


def _unread(field: Field, sentence: Text) -> None:
    """Replace what WTForms says of a value that it could not read."""
    if field.raw_data and field.raw_data[0] and field.data is None:
        field.errors, field.process_errors = [], []
        raise ValidationError(sentence.render(gettext))


class PrintForm(FlaskForm):  # type: ignore[misc]
    """``kind`` is chosen on a case; a list has it in its filter."""

    kind = RadioField(_l("Paper"), [InputRequired(_l("Choose the paper."))])
    pay_by = DateField(_l("Pay by"), [InputRequired(_l("Give the date to pay by."))])

    @classmethod
    def for_day(cls, day: date, *, kind: PaperKind = PaperKind.DEMAND, sent: bool = False) -> "PrintForm":
        """As it is at first on the business date ``day``; ``sent``: filled from the request."""
        usual = day + timedelta(days=USUAL_DAYS)
        form = (
            cls(prefix="paper-")
            if sent
            else cls(formdata=None, prefix="paper-", kind=kind.value, pay_by=usual)
        )
        form.kind.choices = [(one.value, one.label.render(gettext)) for one in PaperKind]
        return form

    def validate_pay_by(self, field: Field) -> None:
        _unread(field, T("This is no date like 2023-12-05."))


class UndoForm(FlaskForm):  # type: ignore[misc]
    """Why a delivery is taken back."""

    reason = StringField(
        _l("What was wrong with it"),
        [InputRequired(_l("Say what was wrong with it.")), Length(max=TEXT_LENGTH)],
    )


class DeliveryForm(FlaskForm):  # type: ignore[misc]
    """How one of a case's papers was delivered."""

    paper = SelectField(_l("Paper"), [InputRequired(_l("Choose the paper."))], validate_choice=False)
    how = RadioField(_l("How it was delivered"), [InputRequired(_l("Choose how it was delivered."))])
    handed = RadioField(_l("Way"), [InputRequired(_l("Choose how it was delivered."))], default=IN_PERSON)
    on = DateField(_l("Delivered on"), [InputRequired(_l("Give the day of the delivery."))])
    at = TimeField(_l("At"), [Optional()])
    witness = StringField(
        _l("Witness"),
        [Length(max=WITNESS_LENGTH, message=_l("At most %(max)d characters. Shorten it."))],
        description=_l(
            "Needed where the paper was left; and where it was refused, so that the demand counts."
        ),
    )
    text = TextAreaField(
        _l("What was said"), [Length(max=TEXT_LENGTH, message=_l("At most %(max)d characters. Shorten it."))]
    )
    files = MultipleFileField(_l("Photo of the signed copy"))

    cleaned: tuple[Cleaned, ...] = ()

    @classmethod
    def for_papers(cls, papers: Iterable[Paper], day: date, *, sent: bool = False) -> "DeliveryForm":
        form = cls(prefix="delivery-") if sent else cls(formdata=None, prefix="delivery-", on=day)
        form.paper.choices = [
            (str(one.id), f"{one.kind.label.render(gettext)} {one.run.printed_on} ({one.id:06d})")
            for one in papers
        ]
        form.how.choices = [(one.value, one.label.render(gettext)) for one in Delivery]
        form.handed.choices = [(value, label.render(gettext)) for value, label in _HANDED.items()]
        return form

    def validate_on(self, field: Field) -> None:
        _unread(field, T("This is no date like 2023-12-05."))

    def validate_at(self, field: Field) -> None:
        _unread(field, T("This is no time like 09:30."))

    def validate_files(self, field: Field) -> None:
        chosen = [file for file in field.data or () if file and file.filename]
        if len(chosen) > MOST_FILES:
            raise ValidationError(gettext("At most %(n)s files with one delivery.", n=MOST_FILES))
        try:
            self.cleaned = tuple(clean(file.filename or "", file.read()) for file in chosen)
        except FileUnfit as unfit:
            again = gettext("What you typed is still here; choose the files again.")
            raise ValidationError(f"{unfit.message.render(gettext)} {again}") from None

    @property
    def paper_id(self) -> int | None:
        text = str(self.paper.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def given(self) -> Given:
        return Given(
            how=Delivery(self.how.data),
            on=self.on.data,
            at=self.at.data,
            by_post=self.handed.data == BY_POST,
            witness=self.witness.data or "",
            text=(self.text.data or "").replace("\r\n", "\n"),
        )
