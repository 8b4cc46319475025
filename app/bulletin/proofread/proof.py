"""The steps of proof-reading in their order."""

from collections.abc import Iterator, Mapping
from datetime import date

from app.bulletin.proofread.board import Prepared, prepare
from app.bulletin.proofread.checks import Cell, Figure, Implied
from app.bulletin.proofread.diagnosis import Diagnosis, diagnose
from app.bulletin.proofread.errors import NotABulletin
from app.bulletin.proofread.lists import (
    TABLES,
    check_cleared,
    check_dates,
    check_repeats,
    missing_findings,
    missing_rows,
    out_of_order,
)
from app.bulletin.proofread.naming import Names, name_regions
from app.bulletin.proofread.notes import notes
from app.bulletin.proofread.outcome import Finding, Proof
from app.bulletin.proofread.reading import MAX_ROWS, TOTAL, Reading, read
from app.bulletin.proofread.splitting import choose_splits
from app.labels import T
from app.places.rules import PlaceIndex

MAX_TEXT = 200_000  # characters; the published page has 2,000


def proofread(text: str, places: PlaceIndex, targets: Mapping[str, int] | None = None) -> Proof:
    """Find every contradiction in a bulletin's 基本情况 and 存在问题.

    ``targets`` are the annual targets in 分, by region code or printed name; with them completion is checked
    exactly, without them within what the printed percentages allow. Raises NotABulletin.
    """
    reading, names = _read(text, places)
    chosen = choose_splits(reading)
    prepared = prepare(reading, chosen, names, targets or {}, set())
    missing = list(missing_rows(reading, prepared.values))
    if missing:
        prepared = prepare(reading, chosen, names, targets or {}, {row.section for row in missing})
    findings = [
        *(_at_figure(diagnosis, prepared, names) for diagnosis in _diagnose(prepared)),
        *check_repeats(reading, names),
        *check_cleared(reading, names),
        *check_dates(reading, names),
        *(finding for row in missing for finding in missing_findings(row, reading, names)),
    ]
    return Proof(
        region_code=names.within or None,
        region_name=names(TOTAL),
        as_of=_as_of(reading),
        figures=len(prepared.values),
        findings=tuple(sorted(findings, key=lambda finding: (finding.start, finding.end))),
        notes=tuple(sorted(notes(reading, chosen, names, prepared), key=lambda note: note.start)),
    )


def _read(text: str, places: PlaceIndex) -> tuple[Reading, Names]:
    if len(text) > MAX_TEXT:
        raise NotABulletin(
            T(
                "The text is too long for a bulletin (%(n)s characters). Paste the bulletin alone.",
                n=len(text),
            )
        )
    reading = read(text)
    if max((len(reading.cleared), *(len(rows) for rows in reading.rows.values()))) > MAX_ROWS:
        raise NotABulletin(T("A section has more than %(n)s rows. Paste one bulletin alone.", n=MAX_ROWS))
    names = name_regions(reading, places)
    if sum(len(reading.rows.get(section, ())) for section in TABLES) + len(reading.cleared) < len(TABLES):
        raise NotABulletin(
            T(
                "No figures of a bulletin were found. The text needs the paragraph on stock (存量贷款情况), "
                "on new lending (新增贷款情况) or on overdue (逾期情况), with the townships' figures."
            )
        )
    return reading, names


def _as_of(reading: Reading) -> date | None:
    for printed in reading.dates.values():
        year, rest = divmod(int(printed.value), 10_000)
        try:
            return date(year, *divmod(rest, 100))
        except ValueError:
            continue
    return None


def _diagnose(prepared: Prepared) -> Iterator[Diagnosis]:
    """The violated checks, then the rows of new lending that are not in the order of completion.

    What the percentages imply together means nothing where one of them stands out already.
    """
    percentages: list[Cell] = [
        cell for cell in prepared.values if cell[2] is Figure.COMPLETION_PCT and cell[1] != TOTAL
    ]
    in_order = not out_of_order(percentages, prepared.values)
    checks = [check for check in prepared.checks if in_order or not isinstance(check, Implied)]
    found, repaired = diagnose(prepared.board, checks, prepared.order, prepared.values)
    yield from found
    wrong = {diagnosis.cell for diagnosis in found}
    reason = T("The rows are sorted by completion; this one or its neighbour is out of order.")
    for cell, expected in out_of_order(percentages, repaired):
        if cell not in wrong:
            yield Diagnosis(cell, expected, reason)


def _at_figure(diagnosis: Diagnosis, prepared: Prepared, names: Names) -> Finding:
    section, region, figure = diagnosis.cell
    printed = prepared.board.printed[diagnosis.cell]
    place = (printed.start, printed.end)
    return Finding(names(region), section, figure, printed.text, diagnosis.expected, *place, diagnosis.reason)
