"""Judging promises on the day after they fell due, against one bare statement that finds what was paid in time.

The floor sets the amounts paid and the verdicts of the instalments, and nothing else. Ours also concludes the
promises, lets the cases follow with their history, and tells the day's queue.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

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
_BARE = """
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
    what = f"{loans:,} loans, {number:,} promises due; floor: one UPDATE of the instalments"
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
    session.commit()
    portfolio.tidy()
    return len(promises)


Answer = list[tuple[str, int, int]]


def _answer() -> Answer:
    query = "SELECT state, count(*), sum(paid) FROM instalment GROUP BY state ORDER BY state"
    found = [(str(s), int(n), int(paid)) for s, n, paid in db.session.execute(text(query))]
    db.session.rollback()
    return found


def _bare() -> Callable[[], Answer]:
    statement, day = _BARE, date.isoformat(DAY)
    if db.engine.dialect.name == "postgresql":
        statement = statement.replace("min(", "least(")
    db.session.execute(text(statement.format(day=f"'{day}'")))
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
        "UPDATE collection_case SET promise_broken_on = NULL, promise_due_on = NULL",
        "DELETE FROM case_event WHERE kind IN ('promise_kept', 'promise_broken')",
    ):
        db.session.execute(text(statement))
    db.session.commit()
    portfolio.tidy()
