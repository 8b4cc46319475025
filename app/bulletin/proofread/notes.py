"""What a reader should know besides: repaired names, open splits, what could not be checked."""

from collections.abc import Iterator

from app.bulletin.proofread.board import COLUMNS, Prepared
from app.bulletin.proofread.figures import Aspect, Figure
from app.bulletin.proofread.layout import SUBJECTS
from app.bulletin.proofread.lists import TABLES, everywhere, regions_of
from app.bulletin.proofread.naming import Names, base_region
from app.bulletin.proofread.outcome import Note
from app.bulletin.proofread.printed import TOTAL, Section
from app.bulletin.proofread.reading import Reading, Split
from app.bulletin.proofread.splitting import Chosen
from app.labels import T


def notes(reading: Reading, chosen: Chosen, names: Names, prepared: Prepared) -> Iterator[Note]:
    """All notes, in no order."""
    yield from _names(names)
    yield from _splits(reading, chosen, names)
    yield from _lacking(reading, names, prepared)
    yield from _without_rate(names, prepared)
    for section in sorted(reading.partial):
        text = T("“%(section)s” lists only some places; it was not added up.", section=section.label)
        yield Note(text, *reading.sections[section])


def _names(names: Names) -> Iterator[Note]:
    for item in names.repaired:
        text = T("“%(printed)s” was read as %(name)s.", printed=item.name, name=names(item.region or TOTAL))
        yield Note(text, item.start, item.end)
    for row in names.unknown:
        if row.section is Section.PROBLEMS:
            continue
        text = T("“%(printed)s” is no known place; its figures were not used.", printed=row.name)
        yield Note(text, row.start, row.end)


def _splits(reading: Reading, chosen: Chosen, names: Names) -> Iterator[Note]:
    for row, others in chosen.open:
        text = T(
            "%(name)s was read as %(taken)s; totals and rates would also agree with %(others)s.",
            name=names(row.region or TOTAL),
            taken=_shown(chosen[row]),
            others="、".join(_shown(other) for other in others),
        )
        yield Note(text, row.end, chosen[row].end)
    for section in chosen.unproven:
        text = T(
            "“%(section)s”: no split of the run-together digits makes both columns add up; "
            "the most plausible one was taken.",
            section=section.label,
        )
        yield Note(text, *reading.sections[section])


def _shown(split: Split) -> str:
    households = f"{split.households.text}户" if split.households else ""
    return households + (f"{split.amount.text}万元" if split.amount else "")


def _lacking(reading: Reading, names: Names, prepared: Prepared) -> Iterator[Note]:
    """Sections, totals and rows that the text does not have."""
    for section in TABLES:
        told = any(SUBJECTS.get(cell.figure) is section for cell in prepared.values)
        if section not in reading.sections and told:
            continue
        if section not in reading.sections:
            yield Note(T("“%(section)s” was not found.", section=section.label), 0, 0)
            continue
        lacking = everywhere(reading) - regions_of(reading, section)
        if lacking and section is not Section.OVERDUE and regions_of(reading, section):
            listed = "、".join(names(region) for region in sorted(lacking))
            text = T("Not in “%(section)s”: %(names)s.", section=section.label, names=listed)
            yield Note(text, *reading.sections[section])
    for section, figure in COLUMNS:
        if regions_of(reading, section) and not prepared.layout.primary(TOTAL, figure):
            yield Note(
                T("No total was found for: %(figure)s.", figure=figure.label), *reading.sections[section]
            )


def _without_rate(names: Names, prepared: Prepared) -> Iterator[Note]:
    """Overdue amounts without a rate."""
    for (section, region, figure, aspect), printed in prepared.board.printed.items():
        if (section, figure, aspect) != (
            Section.OVERDUE,
            Figure.OVERDUE_WAN,
            Aspect.NOW,
        ) or not printed.value:
            continue
        if not prepared.layout.primary(base_region(region), Figure.OVERDUE_RATE_PCT):
            text = T("No overdue rate is printed for %(name)s.", name=names(region))
            yield Note(text, printed.start, printed.end)
