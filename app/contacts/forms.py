"""The form of a contact note: made for a thumb, with nothing to type where a result speaks for itself."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from uuid import uuid4

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from wtforms import (
    DateField,
    DateTimeLocalField,
    Field,
    HiddenField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, Optional, ValidationError

from app.accounts.rules import Role
from app.clock import SHANGHAI
from app.contacts.actions import MOST_FILES, NOTE_LENGTH, Entry
from app.contacts.models import Approach, Contact
from app.contacts.rules import (
    IMPLIED,
    AttachmentKind,
    Channel,
    Disposition,
    NextAction,
    Reached,
    next_day,
    usual_channel,
)
from app.fairness.actions import REASON_LENGTH
from app.fairness.words import Mark
from app.files import Cleaned, FileUnfit, clean
from app.labels import Labelled, T, Text

KEY_LENGTH = 64
USUAL, NONE, ON_DAY = "", "none", "day"
QUICK = {"1": T("Tomorrow"), "3": T("In 3 days"), "7": T("In a week")}


def _one_newline(text: str | None) -> str | None:
    """A browser sends each line's end as two characters and counts it as one."""
    return text.replace("\r\n", "\n") if text else text


def _choices(kind: Iterable[Labelled], *before: tuple[str, Text]) -> Callable[[], list[tuple[str, str]]]:
    """The choices of a field in the reader's language, asked for when the form is made."""
    items = [*before, *((item.value, item.label) for item in kind)]
    return lambda: [(value, label.render(gettext)) for value, label in items]


class ContactForm(FlaskForm):  # type: ignore[misc]
    """``key`` names one writing of a note, so that sending it twice saves it once."""

    channel = RadioField(_l("How"), choices=_choices(Channel), default=Channel.NOTE.value)
    disposition = RadioField(_l("Result"), choices=_choices(Disposition), default=Disposition.OTHER.value)
    reached = RadioField(
        _l("Who was reached"), choices=_choices(Reached, ("", T("As the result says"))), default=""
    )
    text = TextAreaField(
        _l("What happened?"),
        [Length(max=NOTE_LENGTH, message=_l("A note has at most %(max)d characters. Shorten it."))],
        filters=[_one_newline],
    )
    next_action = RadioField(
        _l("Next step"),
        choices=_choices(NextAction, (USUAL, T("As usual for the result")), (NONE, T("None"))),
        default=USUAL,
    )
    next_when = RadioField(
        _l("Again"),
        choices=_choices((), (USUAL, T("As usual")), *QUICK.items(), (ON_DAY, T("On a day"))),
        default=USUAL,
    )
    next_on = DateField(_l("Day of the next step"), [Optional()])
    at = DateTimeLocalField(
        _l("When it happened"), [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )
    third_party_reason = StringField(_l("Why somebody else"), [Length(max=REASON_LENGTH)])
    marks = SelectMultipleField(_l("The borrower is known from now on as"), choices=_choices(Mark))
    photo = MultipleFileField(_l("Photo"))
    papers = MultipleFileField(_l("Signed acknowledgement, receipt"))
    phone = StringField(_l("Number"))
    approach_id = HiddenField()
    corrects_id = HiddenField()
    key = HiddenField(default=lambda: uuid4().hex, validators=[Length(max=KEY_LENGTH)])

    cleaned: tuple[tuple[AttachmentKind, Cleaned], ...] = ()

    def validate_at(self, field: Field) -> None:
        _plain_error(field, T("This is no moment like 2023-12-05 09:30."))

    def validate_next_on(self, field: Field) -> None:
        _plain_error(field, T("This is no date like 2023-12-05."))

    def validate_next_when(self, field: Field) -> None:
        unread = bool(self.next_on.raw_data and self.next_on.raw_data[0])
        if field.data == ON_DAY and self.next_on.data is None and not unread:
            raise ValidationError(gettext("Choose the day."))

    def validate_photo(self, field: Field) -> None:
        """Both fields of files together: a few, each of a kind that can be kept."""
        chosen = [(AttachmentKind.PHOTO, f) for f in field.data or ()]
        chosen += [(AttachmentKind.ACKNOWLEDGEMENT, f) for f in self.papers.data or ()]
        chosen = [(kind, file) for kind, file in chosen if file and file.filename]
        if len(chosen) > MOST_FILES:
            raise ValidationError(gettext("At most %(n)s files with one note.", n=MOST_FILES))
        try:
            self.cleaned = tuple((kind, clean(file.filename or "", file.read())) for kind, file in chosen)
        except FileUnfit as unfit:
            again = gettext("What you typed is still here; choose the files again.")
            raise ValidationError(f"{unfit.message.render(gettext)} {again}") from None

    def entry(self, day: date) -> Entry:
        """What was typed, on the business date ``day``; but for the number, whose row the view finds."""
        disposition = Disposition(self.disposition.data or Disposition.OTHER)
        action, on = self._next(disposition, day)
        return Entry(
            text=self.text.data or "",
            channel=Channel(self.channel.data or Channel.NOTE),
            reached=Reached(self.reached.data) if self.reached.data else None,
            disposition=disposition,
            at=self.at.data.replace(tzinfo=SHANGHAI) if self.at.data else None,
            next_action=action,
            next_action_on=on,
            third_party_reason=self.third_party_reason.data or "",
            approach_id=_number(self.approach_id.data),
            corrects_id=_number(self.corrects_id.data),
            marks=tuple(Mark(mark) for mark in self.marks.data or ()),
            key=self.key.data or None,
        )

    def _next(self, disposition: Disposition, day: date) -> tuple[NextAction | None, date | None]:
        implied, chosen, when = IMPLIED[disposition], self.next_action.data or "", self.next_when.data or ""
        if chosen == NONE:
            return None, None
        usual = next_day(day, implied.next_days or 1)
        on = (
            self.next_on.data
            if when == ON_DAY or self.next_on.data
            else next_day(day, int(when))
            if when
            else usual
        )
        if chosen:
            return NextAction(chosen), on
        if implied.next_action is not None:
            return implied.next_action, on
        return (NextAction.CALL, on) if when or self.next_on.data else (None, None)


def _plain_error(field: Field, sentence: Text) -> None:
    """Replace what WTForms says of a value that it could not read."""
    if field.raw_data and field.raw_data[0] and field.data is None:
        field.errors, field.process_errors = [], []
        raise ValidationError(sentence.render(gettext))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def new_contact_form(role: Role, approach: Approach | None = None) -> ContactForm:
    """An empty form as somebody of this role mostly fills it in; after a call it says so already."""
    if approach is None:
        return ContactForm(formdata=None, channel=usual_channel(role).value)
    return ContactForm(
        formdata=None,
        channel=approach.channel.value,
        phone=str(approach.phone_id or ""),
        approach_id=str(approach.id),
        third_party_reason=approach.third_party_reason,
    )


def correcting_form(contact: Contact) -> ContactForm:
    """A form that holds what a contact says, for another entry that takes its place."""
    action = contact.next_action.value if contact.next_action else NONE
    return ContactForm(
        formdata=None,
        channel=contact.channel.value,
        disposition=contact.disposition.value,
        reached=contact.reached.value,
        text=contact.text,
        next_action=action,
        next_when=ON_DAY if contact.next_action_on else USUAL,
        next_on=contact.next_action_on,
        at=_on_the_wall(contact.at),
        third_party_reason=contact.third_party_reason,
        phone=str(contact.phone_id or ""),
        approach_id=str(contact.approach_id or ""),
        corrects_id=str(contact.id),
    )


def _on_the_wall(moment: datetime) -> datetime:
    return moment.astimezone(SHANGHAI).replace(tzinfo=None, second=0, microsecond=0)
