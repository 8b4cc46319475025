"""The proof-reader's form, and what is typed for the targets."""

from collections.abc import Mapping
from decimal import Decimal
from unicodedata import normalize

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import TextAreaField
from wtforms.validators import Length, ValidationError

from app.labels import T, Text
from app.money import FEN_PER_WAN, to_fen

MAX_TEXT = 200_000
MAX_TARGET_WAN = (
    10_000_000  # 1000亿元: more than any province lends; a slip of the key, and it fits the column
)
FIRST_YEAR, LAST_YEAR = 2015, 2100


class ProofreadForm(FlaskForm):  # type: ignore[misc]
    text = TextAreaField(
        _l("Text of the bulletin"),
        [Length(max=MAX_TEXT, message=_l("The text is too long for a bulletin. Paste the bulletin alone."))],
    )
    file = FileField(_l("Or a file"))

    def validate_text(self, field: TextAreaField) -> None:
        if not (field.data or "").strip() and not self.file.data:
            raise ValidationError(T("Paste the bulletin's text, or choose a file."))


def read_typed(typed: Mapping[str, str]) -> tuple[dict[str, int | None], dict[str, Text]]:
    """Amounts in 分 (None: no target), and what is wrong, by region."""
    amounts: dict[str, int | None] = {}
    errors: dict[str, Text] = {}
    for code, text in typed.items():
        try:
            amounts[code] = _fen(text)
        except ValueError:
            errors[code] = T("Give an amount in 10,000 yuan, such as 550 or 127.5.")
            continue
        if not 0 <= (amounts[code] or 0) <= MAX_TARGET_WAN * FEN_PER_WAN:
            errors[code] = T("A target lies between 0 and %(n)s.", n=f"{MAX_TARGET_WAN:,}")
    return amounts, errors


def _fen(text: str) -> int | None:
    """分 of what was typed in 万元: separators, full-width digits and the unit itself do no harm."""
    number = normalize("NFKC", text).strip().removesuffix("万元").replace(",", "").strip()
    return to_fen(number, FEN_PER_WAN) if number else None


def typed_wan(fen: int | None) -> str:
    """A target as it is typed: exact, without idle zeros, so that saving an untouched form changes nothing."""
    return "" if fen is None else format((Decimal(fen) / FEN_PER_WAN).normalize(), "f")
