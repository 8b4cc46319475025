"""The form that sets a number."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired

from app.places.models import Lender
from app.policies.rules import KEYS, Definition, Key, entry, groups


class PolicyForm(FlaskForm):  # type: ignore[misc]
    """``value`` is text: how it is read depends on the unit of ``key``."""

    key = SelectField(_l("Setting"), [InputRequired(_l("Choose the setting."))])
    region = SelectField(_l("Where"), [InputRequired(_l("Choose a county or a township."))])
    lender = SelectField(_l("Lender"), default="")
    value = StringField(_l("New value"), [InputRequired(_l("Enter the value."))])
    starts_on = DateField(_l("From"), [InputRequired(_l("Enter the day it begins."))])
    reason = StringField(_l("Reason"), [InputRequired(_l("Give the reason."))])

    def prepare(self, places: list[tuple[str, str]], lenders: list[Lender]) -> None:
        """``places`` are codes and names."""
        self.region.choices = places
        self.lender.choices = [("", gettext("all lenders")), *((str(one.id), one.name) for one in lenders)]
        self.key.choices = {
            group.label.render(gettext): [(key.value, _named(key, KEYS[key])) for key in keys]
            for group, keys in groups().items()
        }


class EndForm(FlaskForm):  # type: ignore[misc]
    """Ends a value from a day on; one that has not begun never does."""

    on = DateField(_l("Ends on"), [InputRequired(_l("Enter the day it ends."))])
    reason = StringField(_l("Reason"), [InputRequired(_l("Give the reason."))])


def _named(key: Key, own: Definition) -> str:
    bounds = f"{entry(own.unit, own.low)}–{entry(own.unit, own.high)}"
    return f"{key.label.render(gettext)}（{bounds} {own.unit.label.render(gettext)}）"
