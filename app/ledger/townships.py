"""The township of a row: by its own cell, else by the sheet's name or title."""

from collections.abc import Mapping

from app.labels import T
from app.ledger.cells import Bad, Cell, Outcome, Parser, number_text, tidy, unreadable
from app.places.rules import Level, PlaceIndex

_BLANK = Bad(T("The township is blank, and the sheet's name is none. Fill it in."))


class Townships:
    """Names as people write them. ``aliases`` are those that a person has accepted: name to code."""

    def __init__(self, places: PlaceIndex, within: str, aliases: Mapping[str, str]) -> None:
        self._places = places
        self._within = within
        self._aliases = {"".join(name.split()): code for name, code in aliases.items()}

    def find(self, name: str) -> str | None:
        """The code of the one township that goes by this name."""
        name = "".join(name.split())
        code = self._aliases.get(name)
        if code is None and (place := self._places.find(name, self._within)):
            code = place.code
        return code

    def named_in(self, *texts: str) -> str | None:
        """The one township that these texts (a sheet's name, then its titles) are about."""
        for text in texts:
            if code := self.find(text):
                return code
        for text in texts:
            codes = {
                place.code
                for place in self._places
                if place.level is Level.TOWNSHIP
                and place.code.startswith(self._within)
                and any(name in text for name in (place.name, place.short, *place.aliases))
            }
            if len(codes) == 1:
                return codes.pop()
        return None

    def parser(self, fallback: str | None) -> Parser:
        """Township code from a cell; ``fallback`` where the cell is blank."""

        def parse(cell: Cell) -> Outcome:
            if isinstance(cell, str) and (problem := unreadable(cell)):
                return problem
            name = tidy(cell) if isinstance(cell, str) else number_text(cell)
            if not name:
                return fallback or _BLANK
            return self.find(name) or self._unknown(name)

        return parse

    def _unknown(self, name: str) -> Bad:
        place = self._places.suggest(name, self._within)
        if place is None:
            return Bad(T("No township goes by this name. Correct it, or add the name to the township."))
        reason = T(
            "No township goes by this name. Is it %(township)s? Accept the name once, or correct it.",
            township=place.name,
        )
        return Bad(reason, suggestion=place.code)
