"""The steps of proof-reading in their order."""

from collections.abc import Mapping, Sequence
from datetime import date

from app.bulletin.proofread.board import Prepared, prepare
from app.bulletin.proofread.diagnosis import Diagnosis, diagnose
from app.bulletin.proofread.errors import NotABulletin
from app.bulletin.proofread.figures import Aspect, Cell, Figure, Values
from app.bulletin.proofread.implied import Implied
from app.bulletin.proofread.lists import (
    TABLES,
    check_cleared,
    check_dates,
    check_repeats,
    missing_findings,
    missing_rows,
    out_of_order,
)
from app.bulletin.proofread.naming import Names, base_region, name_regions
from app.bulletin.proofread.notes import notes
from app.bulletin.proofread.outcome import Finding, Note, Proof
from app.bulletin.proofread.phrases import Phrases, read_phrases
from app.bulletin.proofread.printed import TOTAL
from app.bulletin.proofread.ranks import rank_findings, top_findings
from app.bulletin.proofread.reading import MAX_FIGURES, MAX_ROWS, MAX_TABLE_ROWS, Reading, read
from app.bulletin.proofread.splitting import choose_splits
from app.bulletin.proofread.unchecked import unchecked
from app.labels import T, Text
from app.places.rules import PlaceIndex

MAX_TEXT = 1_000_000  # characters; the published page has 2,000


def proofread(
    text: str, places: PlaceIndex, targets: Mapping[str, int] | None = None, hints: Sequence[Text] = ()
) -> Proof:
    """Find every contradiction in a bulletin's lists, tables and sentences, and list what cannot be checked.

    ``hints`` (what a file's reader left out) become notes. ``targets`` are the annual targets in 分, by region code
    or printed name; with them completion is checked exactly, without them within what the printed percentages
    allow. Raises NotABulletin.
    """
    reading, phrases, names = _read(text, places)
    chosen = choose_splits(reading)
    prepared = prepare(reading, chosen, names, targets or {}, set(), phrases)
    missing = list(missing_rows(reading, prepared.values))
    if missing:
        prepared = prepare(reading, chosen, names, targets or {}, {row.section for row in missing}, phrases)
    diagnoses, repaired = _diagnose(prepared)
    findings = [
        *(_at_figure(diagnosis, prepared, names) for diagnosis in diagnoses),
        *rank_findings(prepared, repaired, names),
        *top_findings(prepared, repaired, names, phrases),
        *check_repeats(reading, names),
        *check_cleared(reading, names, prepared.values),
        *check_dates(reading, names),
        *(finding for row in missing for finding in missing_findings(row, reading, names)),
    ]
    return Proof(
        region_code=names.within or None,
        region_name=names(TOTAL),
        as_of=_as_of(reading),
        figures=len(prepared.values),
        findings=tuple(sorted(findings, key=lambda finding: (finding.start, finding.end))),
        notes=(
            *(Note(hint, 0, 0) for hint in hints),
            *sorted(notes(reading, chosen, names, prepared), key=lambda note: note.start),
        ),
        unchecked=tuple(unchecked(text, reading, prepared, names)),
    )


def _read(text: str, places: PlaceIndex) -> tuple[Reading, Phrases, Names]:
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
    rows = [row for table in reading.tables for row in table.rows]
    if len(rows) > MAX_TABLE_ROWS:
        raise NotABulletin(
            T("The tables have more than %(n)s rows. Give one bulletin alone.", n=MAX_TABLE_ROWS)
        )
    phrases = read_phrases(text, reading)
    if len(phrases.claims) + sum(len(row.figures) for row in rows) > MAX_FIGURES:
        raise NotABulletin(T("The text has more than %(n)s figures. Give one bulletin alone.", n=MAX_FIGURES))
    names = name_regions(reading, places, phrases)
    found = sum(len(reading.rows.get(section, ())) for section in TABLES) + len(reading.cleared)
    found += len(rows)
    found += len({(claim.who and claim.who.region, claim.figure) for claim in phrases.claims if claim.figure})
    if found < len(TABLES):
        raise NotABulletin(
            T(
                "No figures of a bulletin were found. The text needs the paragraph on stock (存量贷款情况), "
                "on new lending (新增贷款情况) or on overdue (逾期情况), with the townships' figures, "
                "or a table of them."
            )
        )
    return reading, phrases, names


def _as_of(reading: Reading) -> date | None:
    for printed in reading.dates.values():
        year, rest = divmod(int(printed.value), 10_000)
        try:
            return date(year, *divmod(rest, 100))
        except ValueError:
            continue
    return None


def _diagnose(prepared: Prepared) -> tuple[list[Diagnosis], Values]:
    """The violated checks, then the rows of new lending that are not in the order of completion; and the figures
    with all that could be repaired.

    What the percentages imply together means nothing where one of them stands out already.
    """
    listed = {cell for cell in prepared.layout.listed if base_region(cell.region) != TOTAL}
    percentages: list[Cell] = [
        cell for cell in prepared.values if cell[2:] == (Figure.COMPLETION_PCT, Aspect.NOW) and cell in listed
    ]
    in_order = not out_of_order(percentages, prepared.values)
    checks = [check for check in prepared.checks if in_order or not isinstance(check, Implied)]
    found, repaired = diagnose(prepared.board, checks, prepared.order, prepared.values)
    wrong = {diagnosis.cell for diagnosis in found}
    reason = T("The rows are sorted by completion; this one or its neighbour is out of order.")
    for cell, expected in out_of_order(percentages, repaired):
        if cell not in wrong:
            found.append(Diagnosis(cell, expected, reason))
    return found, repaired


def _at_figure(diagnosis: Diagnosis, prepared: Prepared, names: Names) -> Finding:
    section, region, figure, aspect = diagnosis.cell
    printed = prepared.board.printed[diagnosis.cell]
    place = (printed.start, printed.end)
    return Finding(
        names(region),
        section,
        figure,
        printed.text,
        diagnosis.expected,
        *place,
        diagnosis.reason,
        aspect,
        diagnosis.rounding,
    )
