"""Forms that give cases to collectors."""

from decimal import Decimal

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    DecimalField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, Optional, Regexp

from app.forces.forms import DAYS, YUAN
from app.forces.rules import MAX_REASON, Which

_REASON = [
    InputRequired(_l("Give the reason.")),
    Length(max=MAX_REASON, message=_l("A reason has at most %(max)d characters. Shorten it.")),
]


class AssignForm(FlaskForm):  # type: ignore[misc]
    """Who shall hold one line of a case; ``to`` is a line and an account, ``version`` the case as the page had it."""

    to = SelectField(_l("New collector"), [InputRequired(_l("Choose a collector."))], id="assign-to")
    reason = StringField(_l("Reason of the assignment"), _REASON, id="assign-reason")
    version = HiddenField(validators=[Regexp(r"^[0-9]{1,9}$")], id="assign-version")


class HandoverForm(FlaskForm):  # type: ignore[misc]
    """Whose cases, which of them, to whom (nobody chosen: by the rules), from when on, why."""

    giver = SelectField(_l("Cases of"), [InputRequired(_l("Choose a collector."))])
    takers = SelectMultipleField(_l("To"))
    on = DateField(_l("From"), [InputRequired(_l("Enter the day."))])
    area = SelectField(_l("Only of the village"), [Optional()])
    min_days = IntegerField(_l("Days past due, from"), DAYS)
    max_days = IntegerField(_l("Days past due, to"), DAYS)
    min_amount = DecimalField(_l("Amount overdue, from (yuan)"), YUAN, places=2)
    max_amount = DecimalField(_l("Amount overdue, to (yuan)"), YUAN, places=2)
    reason = StringField(_l("Reason"), _REASON)

    def which(self) -> Which:
        """The filter as typed; amounts in 分."""
        return Which(
            area=self.area.data or None,
            min_days=self.min_days.data,
            max_days=self.max_days.data,
            min_amount=_fen(self.min_amount.data),
            max_amount=_fen(self.max_amount.data),
        )


def _fen(yuan: Decimal | None) -> int | None:
    return None if yuan is None else int((yuan * 100).to_integral_value())
