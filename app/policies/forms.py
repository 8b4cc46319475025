"""The form that sets a number."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired

from app.policies.rules import KEYS, Definition, Key, entry


class PolicyForm(FlaskForm):  # type: ignore[misc]
    """``value`` is text: how it is read depends on the unit of ``key``."""

    key = SelectField(_l("Setting"))
    region = SelectField(_l("Where"))
    value = StringField(_l("New value"), [InputRequired(_l("Enter the value."))])
    starts_on = DateField(_l("From"), [InputRequired(_l("Enter the day it begins."))])
    reason = StringField(_l("Reason"), [InputRequired(_l("Give the reason."))])

    def prepare(self, places: list[tuple[str, str]]) -> None:
        """``places`` are codes and names."""
        self.region.choices = places
        self.key.choices = [(key.value, _named(key, own)) for key, own in KEYS.items()]


def _named(key: Key, own: Definition) -> str:
    bounds = f"{entry(own.unit, own.low)}–{entry(own.unit, own.high)}"
    return f"{key.label.render(gettext)}（{bounds} {own.unit.label.render(gettext)}）"
