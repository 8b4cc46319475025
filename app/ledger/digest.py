"""The remarks of a report put together for reading: names to settle, findings by what they say. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.labels import Text
from app.ledger.fields import LedgerField
from app.ledger.report import REFUSED, Remark, Report


@dataclass(frozen=True, slots=True)
class CutName:
    """A name in the file, and the code of the township that it looks like."""

    name: str
    code: str
    rows: int


@dataclass(frozen=True, slots=True)
class Remarks:
    """Findings of one kind. ``message`` is None where each says it in other words (with its own amounts)."""

    field: LedgerField | None
    message: Text | None
    each: tuple[Remark, ...]


def label_of(field: str | None) -> Text | None:
    """A field's label, from the name that a remark keeps."""
    return LedgerField(field).label if field else None


def refused(report: Report) -> list[Remark]:
    """Why rows are refused, in the order of the file; those that wait for a name are told by ``cut_names``."""
    reasons = [remark for remark in _of(report, refused=True) if not remark.suggestion]
    sheets = list(dict.fromkeys(remark.sheet for remark in reasons))
    return sorted(reasons, key=lambda remark: (sheets.index(remark.sheet), remark.row or 0))


def cut_names(report: Report) -> list[CutName]:
    """Names that a person may accept once, with the number of rows that wait for it."""
    counted: dict[tuple[str, str], int] = {}
    for remark in _of(report, refused=True):
        if remark.suggestion:
            name = "".join(remark.found.split())
            counted[name, remark.suggestion] = counted.get((name, remark.suggestion), 0) + 1
    return [CutName(name, code, rows) for (name, code), rows in counted.items()]


def findings(report: Report) -> list[Remarks]:
    """Everything that stops nothing, each kind once."""
    kinds: dict[tuple[str | None, str], list[Remark]] = {}
    for remark in _of(report, refused=False):
        kinds.setdefault((remark.field, remark.message.msgid), []).append(remark)
    return [_kind(each) for each in kinds.values()]


def _of(report: Report, refused: bool) -> Iterable[Remark]:
    return (remark for remark in report.remarks if (remark.kind == REFUSED) is refused)


def _kind(each: list[Remark]) -> Remarks:
    first = each[0]
    message = first.message if all(remark.message == first.message for remark in each) else None
    return Remarks(LedgerField(first.field) if first.field else None, message, tuple(each))
