"""The queues of all collectors of a county, in their order, against one bare statement that ranks the same cases."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select, text

from app.accounts.models import User
from app.db import db, reading
from app.desk.queries import in_order, queue_of
from app.forces.rules import ROLE_OF, Line
from benchmarks import daycounty
from benchmarks.measure import Result, compare

AIM = 3.0
# With the numbers that hold until a county sets its own: 7 days, 180 days, 14 days, 50,000 yuan.
_PLACE = """
  CASE WHEN promise_broken_on IS NOT NULL THEN {0}
       WHEN replied_on IS NOT NULL THEN {1}
       WHEN promise_due_on <= :today THEN {2}
       WHEN {{line}}_action_on <= :today THEN {3}
       WHEN due_on >= :new_from AND {{line}}_contact_on IS NULL AND {{line}}_action_on IS NULL THEN {4}
       WHEN limitation_on <= :limitation AND {{line}}_action_on IS NULL THEN {5}
       WHEN coalesce({{line}}_contact_on, opened_on) <= :untouched THEN {6}
       WHEN overdue >= 5000000 AND {{line}}_action_on IS NULL THEN {7} END"""
_DATES = (
    "promise_broken_on",
    "replied_on",
    "NULL",
    "{line}_action_on",
    "due_on",
    "limitation_on",
    "coalesce({line}_contact_on, opened_on)",
    "NULL",
)
_BARE = f"""
SELECT id FROM (
  SELECT {{line}}_user_id AS holder, id, overdue, {_PLACE.format(*range(8))} AS place,
         {_PLACE.format(*_DATES)} AS since
  FROM collection_case
  WHERE closed_on IS NULL AND {{line}}_user_id IS NOT NULL
    AND ({{line}}_contact_on IS NULL OR {{line}}_contact_on <> :today)) AS ranked
WHERE place IS NOT NULL ORDER BY holder, place, since, overdue DESC, id
"""


def measure(name: str, runs: int) -> Iterator[Result]:
    """Every collector's queue of the day on the open app; both sides must come to the same cases in the same order."""
    with reading():
        bare, ours = compare(_bare, _ours, runs)
    yield Result("day", f"{name}: all collectors' queues; floor: one statement a line", ours, "s", bare, AIM)


def _bare() -> list[list[int]]:
    today = daycounty.TODAY
    ago = {"today": 0, "new_from": 7, "limitation": -180, "untouched": 14}
    days = {key: today - timedelta(days=number) for key, number in ago.items()}
    as_text = db.engine.dialect.name == "sqlite"
    values = {key: day.isoformat() if as_text else day for key, day in days.items()}
    found = [list(db.session.scalars(text(_BARE.format(line=line.value)), values)) for line in Line]
    db.session.rollback()
    return found


def _ours() -> list[list[int]]:
    found: list[list[int]] = []
    session = db.session()
    for line in Line:
        who = select(User).where(User.role == ROLE_OF[line]).order_by(User.id)
        queues = [queue_of(session, one, daycounty.TODAY) for one in session.scalars(who)]
        found.append([number for queue in queues if queue for number in session.scalars(in_order(queue))])
    session.rollback()
    return found
