"""Forms of the accounts."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.accounts.access import MIN_PASSWORD


class SignInForm(FlaskForm):  # type: ignore[misc]
    username = StringField(
        _l("User name"), [InputRequired(), Length(max=64)], render_kw={"autocomplete": "username"}
    )
    password = PasswordField(
        _l("Password"), [InputRequired(), Length(max=256)], render_kw={"autocomplete": "current-password"}
    )


class AccountForm(FlaskForm):  # type: ignore[misc]
    username = StringField(
        _l("User name"), [InputRequired(), Length(max=64)], render_kw={"autocomplete": "off"}
    )
    name = StringField(_l("Name"), [Length(max=64)], render_kw={"autocomplete": "off"})
    role = SelectField(_l("Role"), [InputRequired()])
    region = SelectField(_l("Region"))
    branch = SelectField(_l("Branch"))
    password = PasswordField(
        _l("First password"),
        [InputRequired(), Length(min=MIN_PASSWORD, max=256)],
        render_kw={"autocomplete": "new-password"},
    )


class PasswordForm(FlaskForm):  # type: ignore[misc]
    password = PasswordField(
        _l("New password"),
        [InputRequired(), Length(min=MIN_PASSWORD, max=256)],
        render_kw={"autocomplete": "new-password"},
    )
