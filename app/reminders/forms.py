"""The forms of reminders: a text, the lead times, a decision on one message."""

from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.labels import T, Text
from app.loans.rules import Category
from app.money import to_fen, yuan
from app.places.models import Region
from app.reminders.campaigns import Order
from app.reminders.deciding import Decision
from app.reminders.models import TEXT, WHY
from app.reminders.rules import CampaignKind
from app.reminders.texts import TextRefused, Wording
from app.reminders.wording import DEFAULT


class _Refusable(FlaskForm):  # type: ignore[misc]
    """A form that takes the sentences of a refusal at the field they belong to."""

    def tell(self, name: str, *messages: Text) -> None:
        field = self[name]
        field.errors = [*field.errors, *(message.render(gettext) for message in messages)]


class TextForm(_Refusable):
    body = TextAreaField(
        _l("Text"), [InputRequired(_l("Write what is to be said.")), Length(max=TEXT)], default=DEFAULT
    )
    signature = StringField(
        _l("Sender"), [InputRequired(_l("Write the sender in brackets, such as 【罗平农商行】."))]
    )
    phone = StringField(_l("Number to ask at"), [Length(max=32)])

    def wording(self) -> Wording:
        return Wording(self.body.data or "", self.signature.data or "", self.phone.data or "")


class LeadsForm(_Refusable):
    """Lead times to try on a month, or to save from a day on."""

    leads = StringField(
        _l("Days before the due date"), [InputRequired(_l("Enter days, such as 30, 7, 1.")), Length(max=60)]
    )
    starts_on = DateField(_l("From"), [InputRequired(_l("Choose today or a day to come."))])
    reason = StringField(_l("Reason"), [InputRequired(_l("Give the reason.")), Length(max=WHY)])

    def from_day(self, today: date) -> date | None:
        """The day from which it is to hold, None when that is no day to come."""
        day: date | None = self.starts_on.data
        return day if day is not None and day >= today else None


class CampaignForm(TextForm):
    """One message to many, with its text; the kind comes with the address."""

    name = StringField(
        _l("Name of the campaign"), [InputRequired(_l("Give the campaign a name.")), Length(max=64)]
    )
    send_on = DateField(_l("Goes out on"), [InputRequired(_l("Choose today or a day to come."))])
    categories = SelectMultipleField(_l("Kinds of borrower"))
    townships = SelectMultipleField(_l("Townships"))
    listed = TextAreaField(_l("Own list"), [Length(max=400_000)])

    @classmethod
    def within(cls, townships: list[Region], **values: Any) -> "CampaignForm":
        form = cls(**values)
        form.categories.choices = [(one.value, one.label.render(gettext)) for one in Category]
        form.townships.choices = [(one.code, one.short) for one in townships]
        return form

    def order(self, kind: CampaignKind, region: str) -> Order:
        return Order(
            kind,
            self.name.data or "",
            region,
            self.wording(),
            self.send_on.data,
            tuple(Category(one) for one in self.categories.data or ()),
            tuple(self.townships.data or ()),
            (self.listed.data or "") if kind is CampaignKind.PUBLICITY else "",
        )


class StopForm(_Refusable):
    reason = StringField(_l("Reason"), [InputRequired(_l("Give the reason.")), Length(max=WHY)])


class CostsForm(_Refusable):
    """Amounts in 元."""

    price = StringField(_l("A part costs"), [InputRequired(_l("Enter an amount in yuan, such as 0.05."))])
    daily = StringField(_l("At most a day"), [InputRequired(_l("Enter an amount in yuan; 0 for no limit."))])
    monthly = StringField(
        _l("At most a month"), [InputRequired(_l("Enter an amount in yuan; 0 for no limit."))]
    )
    reason = StringField(_l("Reason"), [InputRequired(_l("Give the reason.")), Length(max=WHY)])

    def amounts(self) -> tuple[int, int, int]:
        """分. Raises TextRefused for what is no amount."""
        found = []
        for name, most in (("price", 1_000), ("daily", 100_000_000), ("monthly", 1_000_000_000)):
            try:
                amount = to_fen(self[name].data.strip())
            except ValueError:
                raise TextRefused(name, T("Enter an amount in yuan, such as 0.05.")) from None
            if not 0 <= amount <= most:
                raise TextRefused(name, T("From 0 to %(most)s yuan.", most=yuan(most)))
            found.append(amount)
        return found[0], found[1], found[2]


class ReplyForm(_Refusable):
    text = StringField(_l("Reply"), [InputRequired(_l("Write what the borrower answers.")), Length(max=300)])


class ResultForm(FlaskForm):  # type: ignore[misc]
    """A platform's result file."""

    file = FileField(_l("Result file"), [FileRequired(_l("Choose the file."))])


class DecideForm(_Refusable):
    decision = RadioField(_l("What is to be done"), [InputRequired(_l("Choose what is to be done."))])
    reason = StringField(_l("Reason"), [InputRequired(_l("Give the reason.")), Length(max=WHY - 20)])

    @classmethod
    def among(cls, decisions: list[Decision]) -> "DecideForm":
        form = cls()
        form.decision.choices = [(one.value, one.label.render(gettext)) for one in decisions]
        return form
