"""The published October of 罗平县 with what else a draft may say; a month before in which less was overdue."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from app.bulletin.figures import FigureRow
from app.editions.facts import Facts, Untouched
from app.lines.rules import Held, LineKind, Lines
from app.money import FEN_PER_WAN
from app.remedies.rules import Cause
from tests.bulletin.published import october

AGANG, FULE = "530324106", "530324104"
_DAY = date(2023, 10, 31)


def _held(kind: LineKind, region: str, **value: object) -> Held:
    return Held(kind, region, _DAY, False, "云信贷〔2023〕10号", _DAY, **value)  # type: ignore[arg-type]


LINES = Lines(
    {
        LineKind.PROVINCIAL: _held(LineKind.PROVINCIAL, "53", rate=Decimal("2.09")),
        LineKind.RANK: _held(LineKind.RANK, "530324", rank=8, of=9),
    }
)


def _less(row: FigureRow) -> FigureRow:
    return replace(row, overdue_fen=100 * FEN_PER_WAN) if row.name == "阿岗镇" else row


FACTS = Facts(
    october(),
    replace(october(_less), month=date(2023, 9, 30), as_of=date(2023, 9, 30)),
    LINES,
    untouched={AGANG: Untouched(open=38, neither=31, township_only=4, branch_only=2)},
    causes=((Cause.AWAY_FOR_WORK, 15), (Cause.LOSS, 12)),
    judged=5,
    kept=2,
)
