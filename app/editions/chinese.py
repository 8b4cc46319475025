"""Sentences that stand in an official document: in Chinese, whatever language the page is read in."""

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations, translation
from pathlib import Path

from app.labels import Text

_APP = Path(__file__).parent.parent
LANGUAGE = "zh_Hans"


@lru_cache(maxsize=1)
def _catalogs() -> NullTranslations:
    """The Chinese of all slices, one behind the other."""
    found: NullTranslations = NullTranslations()
    for folder in sorted(_APP.glob("**/translations")):
        catalog = translation("messages", folder, [LANGUAGE], fallback=True)
        if isinstance(catalog, GNUTranslations):
            catalog.add_fallback(found)
            found = catalog
    return found


def in_chinese(text: Text) -> str:
    """A sentence of the program in Chinese; as it is written in the code where no catalog has it."""
    return text.render(_catalogs().gettext)
