"""Judging promises on the day after they fell due, against bare statements that write the same rows.

The floor judges the instalments, concludes the promises, moves their cases and writes their history, one statement a
table. Ours also asks the tables of states and of verdicts, and keeps a trail.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from sqlalchemy import insert, select, text

from app.accounts.models import User
from app.cases.models import Case
from app.db import db
from app.loans.models import Repayment
from app.loans.rules import RepaymentSource
from app.promises.judging import judge_promises
from app.promises.models import Instalment, Promise
from benchmarks import invented, portfolio
from benchmarks.databases import Databases, opened
from benchmarks.measure import Result, compare

AIM = 3.0
PER_MILLE = 60  # of the loans are overdue, so that there are cases enough
TAKEN, DUE, DAY = (invented.AS_OF + timedelta(days=n) for n in (1, 10, 12))
AMOUNT = 100_000  # 分
_BARE = (
    """
UPDATE instalment SET paid = counted.paid, state = counted.state FROM (
  SELECT instalment.id AS id, min(coalesce(sum(repayment.amount), 0), instalment.amount) AS paid,
         CASE WHEN coalesce(sum(repayment.amount), 0) >= instalment.amount THEN 'kept'
              WHEN coalesce(sum(repayment.amount), 0) > 0 THEN 'partial' ELSE 'broken' END AS state
  FROM instalment JOIN promise ON promise.id = instalment.promise_id
  LEFT JOIN repayment ON repayment.loan_id = promise.loan_id AND repayment.paid_on >= promise.taken_on
                     AND repayment.paid_on <= instalment.until
  WHERE instalment.state = 'open' AND instalment.until < {day}
  GROUP BY instalment.id, instalment.amount
) AS counted WHERE instalment.id = counted.id
""",
    """
UPDATE promise SET paid = whole.paid, state = whole.state, judged_on = {next} FROM (
  SELECT promise_id, sum(paid) AS paid, CASE WHEN min(state) = max(state) THEN min(state) ELSE 'partial' END AS state
  FROM instalment GROUP BY promise_id HAVING max(until) < {day} AND sum(CASE state WHEN 'open' THEN 1 ELSE 0 END) = 0
) AS whole WHERE promise.id = whole.promise_id AND promise.state = 'open'
""",
    """
UPDATE collection_case SET state = 'working', version = version + 1, promise_due_on = NULL,
       promise_broken_on = CASE WHEN promise.state <> 'kept' THEN promise.judged_on END
FROM promise WHERE promise.case_id = collection_case.id AND promise.judged_on = {next}
""",
    """
INSERT INTO case_event (case_id, "on", kind, state, amount)
SELECT case_id, judged_on, CASE state WHEN 'kept' THEN 'promise_kept' ELSE 'promise_broken' END, 'working', paid
FROM promise WHERE judged_on = {next} ORDER BY id
""",
)


_PROMISED = f"""
UPDATE collection_case SET state = 'promised', version = 1, promise_due_on = '{DUE}', promise_broken_on = NULL
WHERE id IN (SELECT case_id FROM promise)
"""


def measure(made: Databases, loans: int, promises: int, runs: int) -> Iterator[Result]:
    settings = made.copy()
    with opened(settings):
        portfolio.fill(loans, PER_MILLE, with_cases=True)
        yield from measure_open_app(loans, promises, runs)
    made.drop(settings)


def measure_open_app(loans: int, promises: int, runs: int) -> Iterator[Result]:
    """On the open app's database, whose open cases get a promise each, one of three paid, one in part."""
    number = _promise(promises)
    floor, ours = compare(_bare, _judge, runs, after_each=_put_back)
    what = f"{loans:,} loans, {number:,} promises due; floor: four statements that write the same"
    yield Result("promises", what, ours, "s", floor, AIM)


def _promise(most: int) -> int:
    """Take ``most`` promises, or as many as there are open cases."""
    session = db.session()
    taker = session.scalars(select(User.id).limit(1)).one()
    query = select(Case.id, Case.loan_id).where(Case.closed_on.is_(None)).order_by(Case.id).limit(most)
    promises, parts, paid = [], [], []
    for number, (case_id, loan_id) in enumerate(session.execute(query), 1):
        promises.append(
            {
                "id": number,
                "case_id": case_id,
                "loan_id": loan_id,
                "taken_by_id": taker,
                "taken_on": TAKEN,
                "amount": AMOUNT,
                "last_due_on": DUE,
            }
        )
        parts.append({"promise_id": number, "due_on": DUE, "until": DUE, "amount": AMOUNT})
        if number % 3:
            paid.append(
                {
                    "loan_id": loan_id,
                    "as_of": DUE,
                    "paid_on": DUE,
                    "amount": AMOUNT // (number % 3),
                    "source": RepaymentSource.LEDGER,
                }
            )
    for model, rows in ((Promise, promises), (Instalment, parts), (Repayment, paid)):
        session.execute(insert(model), rows)
    session.execute(text(_PROMISED))
    session.commit()
    portfolio.tidy()
    return len(promises)


Answer = list[list[tuple[object, ...]]]
_ANSWERS = (
    "SELECT state, count(*), sum(paid) FROM instalment GROUP BY state ORDER BY state",
    "SELECT state, judged_on, count(*), sum(paid) FROM promise GROUP BY state, judged_on ORDER BY state",
    """
SELECT state, promise_due_on, promise_broken_on, sum(version), count(*) FROM collection_case
WHERE id IN (SELECT case_id FROM promise) GROUP BY state, promise_due_on, promise_broken_on ORDER BY 1, 2, 3
""",
    """
SELECT kind, state, "on", count(*), sum(amount) FROM case_event
WHERE kind IN ('promise_kept', 'promise_broken') GROUP BY kind, state, "on" ORDER BY kind
""",
)


def _answer() -> Answer:
    found = [[tuple(row) for row in db.session.execute(text(query))] for query in _ANSWERS]
    db.session.rollback()
    return found


def _bare() -> Callable[[], Answer]:
    days = {"day": f"'{DAY}'", "next": f"'{DUE + timedelta(days=1)}'"}
    for statement in _BARE:
        filled = statement.format(**days)
        if db.engine.dialect.name == "postgresql":
            filled = filled.replace("min(coalesce", "least(coalesce")
        db.session.execute(text(filled))
    db.session.commit()
    return _answer


def _judge() -> Callable[[], Answer]:
    judge_promises(db.session(), DAY, revise=False)
    db.session.commit()
    return _answer


def _put_back() -> None:
    """Nothing judged yet."""
    for statement in (
        "UPDATE instalment SET paid = 0, state = 'open'",
        "UPDATE promise SET paid = 0, state = 'open', judged_on = NULL",
        _PROMISED,
        "DELETE FROM case_event WHERE kind IN ('promise_kept', 'promise_broken')",
    ):
        db.session.execute(text(statement))
    db.session.commit()
    portfolio.tidy()
