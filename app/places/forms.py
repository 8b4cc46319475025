"""Forms of the places."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired, Length


class TownshipForm(FlaskForm):  # type: ignore[misc]
    name = StringField(
        _l("Name of the township"), [InputRequired(_l("Give the name of the township.")), Length(max=64)]
    )
    code = StringField(_l("Statistical code"), [Length(max=9)])


class AliasForm(FlaskForm):  # type: ignore[misc]
    name = StringField(_l("Another name"), [InputRequired(_l("Give the name.")), Length(max=64)])
