"""Cells merged downwards: a household written once beside its several loans."""

from app.ledger.cells import Cell
from app.ledger.fields import F
from app.ledger.headers import Header
from app.ledger.sheets import Row

# What may be said once for several rows. An amount, a date or a contract number belongs to one loan.
_SHARED = (
    F.TOWNSHIP,
    F.VILLAGE,
    F.GROUP,
    F.HEAD_NAME,
    F.HEAD_ID,
    F.HOUSEHOLD_SIZE,
    F.NAME,
    F.ID_NUMBER,
    F.RELATION,
    F.CATEGORY,
    F.LENDER,
    F.BRANCH,
    F.PHONE,
)

Merge = tuple[tuple[int, int], tuple[int, int]]


class Merges:
    """Fills the value of a merged cell into the rows it covers, chunk by chunk."""

    def __init__(self, merges: list[Merge], header: Header, first_col: int) -> None:
        shared = {header.index[field] for field in _SHARED if field in header.index}
        self._spans = sorted(
            (top + 1, bottom + 1, column - first_col)
            for (top, column), (bottom, _) in merges
            if column - first_col in shared and top + 1 > header.last_row
        )
        self._values: dict[tuple[int, int], Cell] = {}

    def fill(self, first_row: int, rows: list[Row]) -> None:
        end = first_row + len(rows)
        for top, bottom, column in self._spans:
            if bottom < first_row or top >= end:
                continue
            if top >= first_row:
                self._values[top, column] = rows[top - first_row][column]
            value = self._values.get((top, column), "")
            for number in range(max(top + 1, first_row), min(bottom + 1, end)):
                if rows[number - first_row][column] == "":
                    rows[number - first_row][column] = value
