"""The form by which a person moves a case."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp

from app.accounts.rules import Role
from app.cases.models import Case
from app.desk.rules import Move, move_of, moves

REASON_LENGTH = 400


class MoveForm(FlaskForm):  # type: ignore[misc]
    """``move`` is an event, with the reason of a closing behind it; ``version`` is the case as the page showed it."""

    move = RadioField(
        _l("What has happened?"),
        [InputRequired(_l("Choose what has happened."))],
        validate_choice=False,
    )
    reason = TextAreaField(
        _l("Reason"),
        [Length(max=REASON_LENGTH, message=_l("A reason has at most %(max)d characters. Shorten it."))],
    )
    version = HiddenField(validators=[Regexp(r"^[0-9]{1,9}$")])

    @classmethod
    def for_case(cls, found: Case, role: Role, *, sent: bool = False) -> "MoveForm":
        """With the moves that the table of states gives ``role`` now; ``sent``: filled from the request."""
        form = cls(prefix="move-") if sent else cls(formdata=None, prefix="move-")
        form.move.choices = [(move.code, move.label) for move in moves(found.state, role)]
        if not sent:
            form.version.data = str(found.version)
        return form

    @property
    def chosen(self) -> Move | None:
        """What was chosen, possible now or not; None for what nobody brings about by hand."""
        return move_of(str(self.move.data or ""))
