"""The conditions of assignment rules as SQL, and why a case went to whom it went, as the JSON text of a sentence."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, literal, null, select

from app.cases.models import Case
from app.forces.rules import Line, Slot, Which
from app.labels import T, Text
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level

Slots = Mapping[Line, list[Slot]]

BOTH = T("%(township)s; %(branch)s")
OF_PLACES = T("Collectors of the loan's township and branch")
OF_PLACE = {
    Line.TOWNSHIP: T("Collector of the loan's township"),
    Line.BRANCH: T("Collector of the loan's branch"),
}
NOBODY = T("Nobody collects there now")


def stored(text: Text) -> str:
    """A sentence as the JSON text that a bulk statement writes."""
    return json.dumps(text.to_json())


def meets(which: Which, columns: Any, day: date) -> Iterator[ColumnElement[bool]]:
    """``Which.fits`` as conditions on the columns of cases or loans."""
    if which.area and len(which.area) == CODE_LENGTHS[Level.VILLAGE]:
        yield columns.village_code == which.area
    elif which.area:
        yield within(columns.township_code, which.area)
    if which.branch_id is not None:
        yield columns.branch_id == which.branch_id
    if which.min_days is not None:
        yield columns.due_on <= day - timedelta(days=which.min_days)
    if which.max_days is not None:
        yield columns.due_on >= day - timedelta(days=which.max_days)
    if which.min_amount is not None:
        yield columns.overdue >= which.min_amount
    if which.max_amount is not None:
        yield columns.overdue <= which.max_amount


def _fits(slot: Slot, columns: Any, day: date) -> ColumnElement[bool]:
    sees = columns.township_code == slot.township if slot.township else columns.branch_id == slot.branch_id
    return and_(sees, *meets(slot.which, columns, day))


def slot_number(
    slots: list[Slot], columns: Any, day: date, free: ColumnElement[bool] | None = None
) -> ColumnElement[Any]:
    """``choose`` as SQL: the index of the first slot that fits, NULL without one or where the line is not ``free``."""
    if not slots:
        return null()
    rest = [(_fits(slot, columns, day), number) for number, slot in enumerate(slots)]
    return case(*([(~free, None)] if free is not None else []), *rest, else_=None)


def why_of(
    line: Line, slots: list[Slot], number: ColumnElement[Any], nobody: ColumnElement[bool] | None = None
) -> ColumnElement[Any]:
    """The JSON text of why a line went to whom it went, by the slot's number; ``nobody``: its place has no one."""
    of_place: ColumnElement[Any] = literal(stored(OF_PLACE[line]))
    if nobody is not None:
        of_place = case((nobody, stored(NOBODY)), else_=of_place)
    if not slots:
        return of_place
    reasons = {index: stored(slot.why) for index, slot in enumerate(slots)}
    return case(reasons, value=number, else_=of_place)


def of_both(township: ColumnElement[Any], branch: ColumnElement[Any]) -> ColumnElement[Any]:
    """The JSON text of one reason made of two."""
    head = literal(f'{{"msgid": {json.dumps(BOTH.msgid)}, "params": {{"township": ')
    return head.concat(township).concat(literal(', "branch": ')).concat(branch).concat(literal("}}"))


def with_slots(cases: ColumnElement[bool], slots: Slots, day: date) -> Subquery:
    """These rows of ``Case`` with the number of each line's slot, which a statement then names instead of repeats."""
    numbers = (slot_number(slots[line], Case, day).label(f"{line.value}_slot") for line in Line)
    return select(Case.__table__, *numbers).where(cases).subquery("with_slots")


def why_opened(slots: Slots, columns: Any) -> ColumnElement[Any]:
    """Why new cases, of which ``columns`` has what ``with_slots`` adds, have the collectors they were opened with."""
    ruled = {line: columns[f"{line.value}_slot"] for line in Line if slots[line]}
    if not ruled:
        return literal(stored(OF_PLACES))
    whys = [why_of(line, slots[line], ruled.get(line, null())) for line in Line]
    unruled = and_(*(number.is_(None) for number in ruled.values()))
    return case((unruled, stored(OF_PLACES)), else_=of_both(*whys))
