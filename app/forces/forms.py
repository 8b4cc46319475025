"""Forms of task forces, rules of assignment and absences."""

from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.accounts.models import User
from app.forces.models import AssignmentRule, TaskForce
from app.forces.rules import MAX_REASON, Line, Method, Which

DAYS = [Optional(), NumberRange(min=0, max=20_000, message=_l("Enter a number of days, 0 or more."))]
YUAN = [Optional(), NumberRange(min=0, max=10**10, message=_l("Enter an amount in yuan, 0 or more."))]


def named(users: list[User]) -> list[tuple[str, str]]:
    """Collectors as choices, each with his or her place."""
    return [(str(one.id), f"{one.name}（{place_name(one)}）") for one in users]


def place_name(one: User) -> str:
    place = one.branch.name if one.branch else one.region.short if one.region else "—"
    return f"{one.branch.lender.name} {place}" if one.branch else place


class ForceForm(FlaskForm):  # type: ignore[misc]
    name = StringField(_l("Name of the task force"), [InputRequired(_l("Enter a name.")), Length(max=64)])
    leader = SelectField(_l("Leader"), validate_choice=True)
    members = SelectMultipleField(_l("Members of both lines"))
    townships = SelectMultipleField(_l("Townships"))
    villages = SelectMultipleField(_l("Villages"))
    branches = SelectMultipleField(_l("Branches"))
    active = BooleanField(_l("At work"), default=True)

    def show(self, force: TaskForce) -> None:
        """Fill the form with a task force as it is."""
        codes = [area.region_code for area in force.areas if area.region_code]
        self.name.data, self.active.data = force.name, force.active
        self.leader.data = str(force.leader_id or "")
        self.members.data = [str(member.user_id) for member in force.members]
        self.townships.data = [code for code in codes if len(code) == 9]
        self.villages.data = [code for code in codes if len(code) > 9]
        self.branches.data = [str(area.branch_id) for area in force.areas if area.branch_id is not None]


class RuleForm(FlaskForm):  # type: ignore[misc]
    line = SelectField(_l("Line"))
    area = SelectField(_l("Township or village"))
    branch = SelectField(_l("Branch"))
    min_days = IntegerField(_l("Days past due, from"), DAYS)
    max_days = IntegerField(_l("Days past due, to"), DAYS)
    min_amount = DecimalField(_l("Amount overdue, from (yuan)"), YUAN, places=2)
    max_amount = DecimalField(_l("Amount overdue, to (yuan)"), YUAN, places=2)
    users = SelectMultipleField(_l("Collectors"))
    method = SelectField(_l("Where several fit"))
    active = BooleanField(_l("In force"), default=True)

    def prepare(
        self, areas: list[tuple[str, str]], branches: list[tuple[str, str]], users: list[User]
    ) -> None:
        self.line.choices = [(line.value, line.label.render(gettext)) for line in Line]
        self.method.choices = [(one.value, one.label.render(gettext)) for one in Method]
        self.area.choices = [("", gettext("The whole county")), *areas]
        self.branch.choices = [("", gettext("Any branch")), *branches]
        self.users.choices = named(users)

    def which(self) -> Which:
        """The condition as typed; amounts in 分."""
        return Which(
            self.area.data or None,
            int(self.branch.data) if self.branch.data else None,
            self.min_days.data,
            self.max_days.data,
            _fen(self.min_amount.data),
            _fen(self.max_amount.data),
        )

    def show(self, rule: AssignmentRule) -> None:
        """Fill the form with a rule as it is."""
        self.line.data, self.method.data, self.active.data = rule.line.value, rule.method.value, rule.active
        self.area.data, self.branch.data = rule.area_code or "", str(rule.branch_id or "")
        self.min_days.data, self.max_days.data = rule.min_days, rule.max_days
        self.min_amount.data, self.max_amount.data = _yuan(rule.min_amount), _yuan(rule.max_amount)
        self.users.data = [str(one.id) for one in rule.users]


def _fen(yuan: Decimal | None) -> int | None:
    return None if yuan is None else int((yuan * 100).to_integral_value())


def _yuan(fen: int | None) -> Decimal | None:
    return None if fen is None else Decimal(fen).scaleb(-2)


class AbsenceForm(FlaskForm):  # type: ignore[misc]
    """``ends_on`` left empty with ``for_good``; one of the two is asked for."""

    user = SelectField(_l("Collector"), id="away-user")
    starts_on = DateField(_l("First day away"), [InputRequired(_l("Enter the first day."))])
    ends_on = DateField(_l("Last day away"), [Optional()])
    for_good = BooleanField(_l("Leaves for good: the account ends on the first day, all cases go to others"))
    substitute = SelectField(_l("Substitute"))
    reason = StringField(_l("Reason"), [Length(max=MAX_REASON)], id="away-reason")

    def prepare(self, users: list[User]) -> None:
        self.user.choices = named(users)
        self.substitute.choices = [("", gettext("Nobody in particular")), *named(users)]

    def validate(self, extra_validators: Any = None) -> bool:
        fine = bool(super().validate(extra_validators))
        if self.ends_on.data is None and not self.ends_on.errors and not self.for_good.data:
            self.ends_on.errors = [gettext("Enter the last day, or say that he or she leaves for good.")]
            return False
        return fine
