"""The sweep of cases, against bare statements that find and insert the same cases and do nothing else.

One floor inserts into the table of cases itself, with the constraints that the database enforces; the other into a
table without keys or indexes, which tells what the constraints cost. The sweep also writes each case's history,
looks for cases to close or to refresh and for lines without a collector, and counts.
"""

from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import text

from app.cases.actions import sweep
from app.db import db
from benchmarks import invented, portfolio
from benchmarks.databases import Databases, opened
from benchmarks.measure import Result, compare, timed

AIM = 3.0
_COLUMNS = """loan_id, borrower_id, township_code, village_code, branch_id, due_on, overdue, state, version, opened_on,
    township_user_id, branch_user_id"""
_BARE = f"""
INSERT INTO %s ({_COLUMNS})
SELECT loan.id, borrower_id, loan.township_code, village_code, loan.branch_id, effective_due_on,
       CASE WHEN overdue > 0 THEN overdue ELSE balance END, 'open', 0, {{day}}, township.user_id, branch.user_id
FROM loan
LEFT JOIN (SELECT region_code, min(id) AS user_id FROM user_account WHERE role = 'township' AND active
           GROUP BY region_code) AS township ON township.region_code = loan.township_code
LEFT JOIN (SELECT branch_id, min(id) AS user_id FROM user_account WHERE role = 'branch' AND active
           GROUP BY branch_id) AS branch ON branch.branch_id = loan.branch_id
WHERE overdue > 0 OR (as_of <= effective_due_on AND effective_due_on < {{day}} AND balance > 0)
""".format(day=f"DATE '{invented.SWEEP_DAY}'")
_TABLE = """
CREATE TABLE bare_case (loan_id bigint, borrower_id bigint, township_code varchar(12), village_code varchar(12),
                        branch_id bigint, due_on date, overdue bigint, state varchar(20), version bigint,
                        opened_on date, township_user_id bigint, branch_user_id bigint)
"""
_FLOORS = {"collection_case": "the table of cases", "bare_case": "a plain table"}


def measure(made: Databases, sizes: tuple[int, ...], runs: int) -> Iterator[Result]:
    """For each size: a sweep that opens all the cases, and one that finds nothing to do."""
    for size in sizes:
        settings = made.copy()
        with opened(settings):
            portfolio.fill(size)
            yield from measure_open_app(size, runs)
        made.drop(settings)


def measure_open_app(size: int, runs: int) -> Iterator[Result]:
    """The same on the open app's database, which is left as it was."""
    _run(_TABLE)
    floor = 0.0
    for table, name in _FLOORS.items():
        floor, ours = compare(partial(_bare, table), _sweep, runs, after_each=_put_back)
        yield Result("sweep", f"{size:,} loans, all cases new; floor: into {name}", ours, "s", floor, AIM)
    _sweep()
    portfolio.tidy()
    idle = sorted(timed(_sweep)[0] for _ in range(runs))[runs // 2]
    yield Result("sweep", f"{size:,} loans, nothing to do; floor: as before", idle, "s", floor, AIM)
    _put_back()
    _run("DROP TABLE bare_case")


def _run(statement: str) -> None:
    db.session.execute(text(statement))
    db.session.commit()


Answer = tuple[int, int, int, int]


def _answer(table: str) -> Answer:
    """What both sides must come to: the number of cases, their amount, and their collectors."""
    query = f"SELECT count(*), sum(overdue), sum(township_user_id), sum(branch_user_id) FROM {table}"
    count, overdue, township, branch = db.session.execute(text(query)).one()
    db.session.rollback()
    return int(count), int(overdue), int(township), int(branch)


def _bare(table: str) -> Callable[[], Answer]:
    statement = _BARE % table
    _run(statement if db.engine.dialect.name == "postgresql" else statement.replace("DATE '", "'"))
    return lambda: _answer(table)


def _sweep() -> Callable[[], Answer]:
    sweep(db.session(), invented.SWEEP_DAY, "benchmark")
    db.session.commit()
    return lambda: _answer("collection_case")


def _put_back() -> None:
    """No cases again, nor bare ones."""
    if db.engine.dialect.name == "postgresql":
        _run("TRUNCATE collection_case, case_event, bare_case CASCADE")
    else:
        for table in ("case_event", "collection_case", "bare_case"):
            _run(f"DELETE FROM {table}")
    portfolio.tidy()
