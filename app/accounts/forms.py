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


_NAME_LENGTH = Length(max=64, message=_l("At most %(max)d characters."))
_PASSWORD_LENGTH = Length(
    min=MIN_PASSWORD, max=256, message=_l("A password has at least %(min)d and at most %(max)d characters.")
)


class AccountForm(FlaskForm):  # type: ignore[misc]
    username = StringField(
        _l("User name"),
        [InputRequired(_l("Give a user name.")), _NAME_LENGTH],
        render_kw={"autocomplete": "off"},
    )
    name = StringField(_l("Name"), [_NAME_LENGTH], render_kw={"autocomplete": "off"})
    role = SelectField(_l("Role"), [InputRequired(_l("Choose a role."))])
    region = SelectField(_l("Region"))
    branch = SelectField(_l("Branch"))
    password = PasswordField(
        _l("First password"),
        [InputRequired(_l("Give a password.")), _PASSWORD_LENGTH],
        render_kw={"autocomplete": "new-password"},
    )


class PasswordForm(FlaskForm):  # type: ignore[misc]
    password = PasswordField(
        _l("New password"),
        [InputRequired(_l("Give a password.")), _PASSWORD_LENGTH],
        render_kw={"autocomplete": "new-password"},
    )
