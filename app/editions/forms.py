"""The forms of bulletins: their text, a comment, the letterhead."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from app.editions.actions import COMMENT_LENGTH
from app.editions.drafting import Head
from app.editions.models import WHY, Edition
from app.editions.rules import TITLE_LENGTH, Written

_LONG = _l("At most %(max)d characters. Shorten it.")


class WritingForm(FlaskForm):  # type: ignore[misc]
    """``version`` is the text as the page showed it."""

    title = StringField(
        _l("Title"), [InputRequired(_l("A bulletin has a title.")), Length(max=TITLE_LENGTH, message=_LONG)]
    )
    opening = TextAreaField(_l("Opening"), [Optional()])
    problems = TextAreaField(_l("Part 2, problems"), [Optional()])
    demands = TextAreaField(_l("Part 3, demands"), [Optional()])
    version = HiddenField(validators=[Regexp(r"^[0-9]{1,9}$")])

    @classmethod
    def of(cls, edition: Edition) -> "WritingForm":
        form = cls(formdata=None, obj=edition)
        form.version.data = str(edition.version)
        return form

    def written(self) -> Written:
        return Written(
            self.title.data or "", self.opening.data or "", self.problems.data or "", self.demands.data or ""
        )


class CommentForm(FlaskForm):  # type: ignore[misc]
    block = SelectField(_l("Paragraph"), [InputRequired(_l("Choose the paragraph."))], validate_choice=False)
    quote = StringField(
        _l("Words"),
        [Length(max=WHY, message=_LONG)],
        description=_l("The words that it is about, as they stand there."),
    )
    text = TextAreaField(
        _l("Comment"),
        [InputRequired(_l("Write a comment.")), Length(max=COMMENT_LENGTH, message=_LONG)],
    )

    @property
    def place(self) -> int:
        """The paragraph's position, -1 for what is none."""
        typed = self.block.data or ""
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else -1


class LetterheadForm(FlaskForm):  # type: ignore[misc]
    prefix = StringField(
        _l("Prefix of the document number"),
        [InputRequired(_l("Give the prefix.")), Length(max=32, message=_LONG)],
        description=_l("What stands before the year, such as 罗乡振联发."),
    )
    last = IntegerField(
        _l("Last number given this year"),
        [Optional(), NumberRange(0, 9999, _l("A whole number from 0 to 9999."))],
        description=_l(
            "Where other documents share the series: the next bulletin takes the number after it."
        ),
    )
    signatory = StringField(
        _l("Signed by"), [InputRequired(_l("Say who signs.")), Length(max=64, message=_LONG)]
    )
    red_head = StringField(_l("Red head"), [Length(max=64, message=_LONG)], description=_l("Empty for none."))
    addressed_to = StringField(_l("Addressed to"), [Length(max=240, message=_LONG)])
    copies_to = StringField(_l("Copies to"), [Length(max=240, message=_LONG)])

    @classmethod
    def of(cls, head: Head, last: int) -> "LetterheadForm":
        form = cls(formdata=None, obj=head)
        form.last.data = last
        return form

    def head(self) -> Head:
        def said(field: Any) -> str:
            return " ".join((field.data or "").split())

        return Head(
            said(self.prefix),
            said(self.signatory),
            said(self.red_head),
            said(self.addressed_to),
            said(self.copies_to),
        )
