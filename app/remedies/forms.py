"""The form of a case's cause and route."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, Field, HiddenField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp, ValidationError

from app.accounts.models import User
from app.cases.models import Case
from app.remedies.actions import Plan
from app.remedies.models import Disposal
from app.remedies.rules import EXTENDING, MEASURE_LENGTH, RECOMMENDED, Cause, Route


class DisposalForm(FlaskForm):  # type: ignore[misc]
    """``version`` is the case as the page showed it."""

    cause = SelectField(_l("Cause"), [InputRequired(_l("Choose the cause."))], validate_choice=False)
    route = SelectField(_l("Route"), [Optional()], validate_choice=False)
    owner = SelectField(_l("Responsible"), [Optional()], validate_choice=False)
    deadline = DateField(_l("Until"), [Optional()])
    asked_on = DateField(
        _l("Asked for on"),
        [Optional()],
        description=_l("Renewal and extension only: the day of the application."),
    )
    measure = TextAreaField(
        _l("Measure"),
        [Length(max=MEASURE_LENGTH, message=_l("A measure has at most %(max)d characters. Shorten it."))],
    )
    version = HiddenField(validators=[Regexp(r"^[0-9]{1,9}$")])

    def validate_deadline(self, field: Field) -> None:
        _plain_error(field)

    def validate_asked_on(self, field: Field) -> None:
        _plain_error(field)

    @classmethod
    def for_case(
        cls, found: Case, kept: Disposal | None, owners: list[User], *, sent: bool = False
    ) -> "DisposalForm":
        """With what the case has now; ``sent``: filled from the request. Routes that go with the cause come first."""
        form = cls(prefix="disposal-") if sent else cls(formdata=None, prefix="disposal-")
        form.cause.choices = [("", "—"), *((c.value, c.label.render(gettext)) for c in Cause)]
        form.owner.choices = [
            ("", "—"),
            *((str(u.id), f"{u.name} · {u.role.label.render(gettext)}") for u in owners),
        ]
        first = RECOMMENDED[kept.cause] if kept else tuple(Route)
        routes = sorted(Route, key=lambda route: (route not in first, list(Route).index(route)))
        form.route.choices = [("", "—"), *((r.value, r.label.render(gettext)) for r in routes)]
        if not sent:
            form.version.data = str(found.version)
            if kept is not None:
                form.cause.data, form.route.data = kept.cause.value, kept.route.value if kept.route else ""
                form.owner.data = str(kept.owner_id or "")
                form.deadline.data, form.asked_on.data, form.measure.data = (
                    kept.deadline,
                    kept.asked_on,
                    kept.measure,
                )
        return form

    def plan(self) -> Plan | None:
        """What was typed; None, with the field's error, where a choice is none of those offered."""
        fit = True
        for field in (self.cause, self.route, self.owner):
            if field.data and field.data not in {value for value, _ in field.choices}:
                field.errors = [gettext("Choose one of the list.")]
                fit = False
        if not fit:
            return None
        route = Route(self.route.data) if self.route.data else None
        return Plan(
            Cause(self.cause.data),
            route,
            int(self.owner.data) if self.owner.data else None,
            self.deadline.data,
            (self.measure.data or "").replace("\r\n", "\n"),
            self.asked_on.data if route in EXTENDING else None,
        )


class WorkbookForm(FlaskForm):  # type: ignore[misc]
    """The disposal ledger as it was exported and edited."""

    file = FileField(_l("Edited workbook"), [FileRequired(_l("Choose the workbook."))])


def _plain_error(field: Field) -> None:
    """In place of the library's English one."""
    if field.raw_data and field.raw_data[0] and field.data is None:
        field.errors, field.process_errors = [], []
        raise ValidationError(gettext("This is no date like 2023-12-05."))
