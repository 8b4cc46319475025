"""Forms of the accounts."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from app.accounts.passphrases import MAX_PASSWORD, MIN_PASSWORD

_NAME_LENGTH = Length(max=64, message=_l("At most %(max)d characters."))
_PASSWORD_LENGTH = Length(
    min=MIN_PASSWORD,
    max=MAX_PASSWORD,
    message=_l("A password has at least %(min)d and at most %(max)d characters."),
)


class SignInForm(FlaskForm):  # type: ignore[misc]
    username = StringField(
        _l("User name"), [InputRequired(), Length(max=64)], render_kw={"autocomplete": "username"}
    )
    password = PasswordField(
        _l("Password"),
        [InputRequired(), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password"},
    )


class CodeForm(FlaskForm):  # type: ignore[misc]
    code = StringField(
        _l("One-time code"),
        [InputRequired(_l("Give the code.")), Length(max=32, message=_l("At most %(max)d characters."))],
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
    )


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    password = PasswordField(
        _l("Password"),
        [InputRequired(_l("Give your password.")), Length(max=MAX_PASSWORD)],
        render_kw={"autocomplete": "current-password"},
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


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """A passphrase of one's own, twice."""

    password = PasswordField(
        _l("New password"),
        [InputRequired(_l("Give a password.")), _PASSWORD_LENGTH],
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(
        _l("The same again"),
        [
            InputRequired(_l("Give the password a second time.")),
            EqualTo("password", _l("The two are not the same.")),
        ],
        render_kw={"autocomplete": "new-password"},
    )
