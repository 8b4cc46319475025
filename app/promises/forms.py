"""The forms of the promises' panel: a promise with its note, a repayment that no ledger shows yet, and reasons."""

from datetime import date
from uuid import uuid4

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError

from app.accounts.rules import Role
from app.cases.models import Case
from app.contacts.actions import NOTE_LENGTH, Entry
from app.contacts.rules import AttachmentKind, Channel, usual_channel
from app.files import Cleaned, FileUnfit, clean
from app.labels import T, Text
from app.money import FEN_PER_YUAN, to_fen
from app.promises.actions import REASON_LENGTH, PromiseRefused, Report, Terms
from app.promises.rules import MOST_INSTALMENTS, When, equal_parts, usual_day

KEY_LENGTH = 64
TAKEN_BY = (Channel.CALL, Channel.VISIT, Channel.NOTE)  # how a promise is mostly given
_NO_AMOUNT = T("Write the amount in yuan, such as 1000 or 1000.50.")


def _one_newline(text: str | None) -> str | None:
    return text.replace("\r\n", "\n") if text else text


def _new_key() -> str:
    return uuid4().hex


def in_yuan(fen: int) -> str:
    """As somebody types it: ``in_yuan(100_000) == "1000"``, ``in_yuan(100_050) == "1000.50"``."""
    yuan, rest = divmod(fen, FEN_PER_YUAN)
    return f"{yuan}.{rest:02}" if rest else str(yuan)


def typed_fen(text: str | None) -> int | None:
    """分 of an amount typed in 元, with or without separators and unit; None for what is no amount."""
    plain = (text or "").strip().removesuffix("元").replace(",", "").replace("，", "").strip()
    try:
        return to_fen(plain)
    except ValueError:
        return None


def _check_amount(field: Field, may_be_empty: bool = False) -> None:
    if not (may_be_empty and not (field.data or "").strip()) and typed_fen(field.data) is None:
        raise ValidationError(_NO_AMOUNT.render(gettext))


def _check_date(field: Field) -> None:
    """Replace what WTForms says of a date that it could not read."""
    if field.raw_data and field.raw_data[0] and field.data is None:
        field.errors, field.process_errors = [], []
        raise ValidationError(gettext("This is no date like 2023-12-05."))


class _Refusable(FlaskForm):  # type: ignore[misc]
    """A form that takes the sentence of a refusal at the field it belongs to."""

    def tell(self, name: str, message: Text) -> None:
        field = self[name] if name in self else next(iter(self))
        field.errors = [*field.errors, message.render(gettext)]


class PromiseForm(_Refusable):
    """``key`` names one entering of a promise, so that sending it twice takes it once."""

    amount = StringField(_l("Amount"), [InputRequired(_l("Enter the amount."))])
    when = RadioField(
        _l("Pay by"),
        choices=lambda: [(w.value, w.label.render(gettext)) for w in When],
        default=When.WEEK.value,
    )
    on = DateField(_l("Day"), [Optional()])
    count = SelectField(
        _l("Instalments"),
        choices=lambda: [(str(n), _parts(n)) for n in range(1, MOST_INSTALMENTS + 1)],
        default="1",
    )
    channel = RadioField(
        _l("Given how"),
        choices=lambda: [(c.value, c.label.render(gettext)) for c in TAKEN_BY],
        default=Channel.NOTE.value,
    )
    text = TextAreaField(
        _l("In the borrower's words"),
        [Length(max=NOTE_LENGTH, message=_l("A note has at most %(max)d characters. Shorten it."))],
        filters=[_one_newline],
    )
    key = HiddenField(default=_new_key, validators=[Length(max=KEY_LENGTH)])

    def validate_amount(self, field: Field) -> None:
        _check_amount(field)

    def validate_on(self, field: Field) -> None:
        _check_date(field)

    def validate_when(self, field: Field) -> None:
        unread = bool(self.on.raw_data and self.on.raw_data[0])
        if field.data == When.DAY and self.on.data is None and not unread:
            raise ValidationError(gettext("Choose the day."))

    def terms(self, today: date) -> Terms:
        """What was typed; a day that was typed goes before a chip."""
        amount, when = typed_fen(self.amount.data) or 0, When(self.when.data or When.WEEK)
        first = self.on.data or usual_day(when, today)
        count = int(self.count.data or 1)
        if amount < count:  # less than 1 分 a part, which the rule refuses
            raise PromiseRefused("amount", T("Enter an amount above zero."))
        try:
            return Terms(amount, equal_parts(amount, first, count), self.key.data or None)
        except (ValueError, OverflowError):
            raise PromiseRefused("on", T("A promise cannot reach that far.")) from None

    def entry(self) -> Entry:
        key = f"{self.key.data}-p"[:KEY_LENGTH] if self.key.data else None
        return Entry(self.text.data or "", channel=Channel(self.channel.data or Channel.NOTE), key=key)


def _parts(n: int) -> str:
    return str(gettext("In one sum") if n == 1 else gettext("%(n)s equal parts, monthly", n=n))


def new_promise_form(role: Role, owed: int) -> PromiseForm:
    """All that is owed (分), in a week, given as somebody of this role mostly hears it."""
    channel = usual_channel(role).value
    return PromiseForm(
        formdata=None, prefix="promise-", amount=in_yuan(owed) if owed else "", channel=channel
    )


def sent_promise_form() -> PromiseForm:
    return PromiseForm(prefix="promise-")


class RepaymentForm(_Refusable):
    amount = StringField(_l("Amount"), [InputRequired(_l("Enter the amount."))])
    paid_on = DateField(_l("Paid on"), [InputRequired(_l("Choose the day."))])
    evidence = StringField(
        _l("What shows it"),
        [Length(max=REASON_LENGTH, message=_l("At most %(max)d characters. Shorten it."))],
    )
    photo = FileField(_l("Photo of the receipt"))
    costs = StringField(_l("Of it costs of collection"))
    again = BooleanField(_l("Yes, this is another repayment"))
    key = HiddenField(default=_new_key, validators=[Length(max=KEY_LENGTH)])

    cleaned: Cleaned | None = None
    asks = False  # whether it is another one

    def validate_amount(self, field: Field) -> None:
        _check_amount(field)

    def validate_costs(self, field: Field) -> None:
        _check_amount(field, may_be_empty=True)
        if (typed_fen(field.data) or 0) < 0:
            raise ValidationError(gettext("Costs cannot be below zero."))

    def validate_paid_on(self, field: Field) -> None:
        _check_date(field)

    def validate_photo(self, field: Field) -> None:
        chosen = field.data
        if not chosen or not chosen.filename:
            return
        try:
            self.cleaned = clean(chosen.filename, chosen.read())
        except FileUnfit as unfit:
            again = gettext("What you typed is still here; choose the file again.")
            raise ValidationError(f"{unfit.message.render(gettext)} {again}") from None

    def report(self) -> Report:
        return Report(
            amount=typed_fen(self.amount.data) or 0,
            paid_on=self.paid_on.data,
            evidence=self.evidence.data or "",
            costs=typed_fen(self.costs.data) or 0,
            file=(AttachmentKind.RECEIPT, self.cleaned) if self.cleaned else None,
            again=bool(self.again.data),
            key=self.key.data or None,
        )


def new_repayment_form(today: date) -> RepaymentForm:
    return RepaymentForm(formdata=None, prefix="repayment-", paid_on=today)


def sent_repayment_form() -> RepaymentForm:
    return RepaymentForm(prefix="repayment-")


class CancelForm(_Refusable):
    """``version`` is the case as the page showed it."""

    reason = StringField(
        _l("Why it no longer holds"),
        [
            InputRequired(_l("Give a reason.")),
            Length(max=REASON_LENGTH, message=_l("At most %(max)d characters. Shorten it.")),
        ],
    )
    version = HiddenField(validators=[Regexp(r"^[0-9]{1,9}$")])

    @classmethod
    def of(cls, found: Case) -> "CancelForm":
        return cls(formdata=None, prefix="cancel-", version=str(found.version))


class WithdrawForm(_Refusable):
    reason = StringField(
        _l("Why it is withdrawn"),
        [
            InputRequired(_l("Give a reason.")),
            Length(max=REASON_LENGTH, message=_l("At most %(max)d characters. Shorten it.")),
        ],
    )
