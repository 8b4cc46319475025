"""Planning reminders over a portfolio, against bare ``INSERT … SELECT`` that put the same messages into the outbox.

The floor makes the same days and texts in SQL, in two statements a lead time. Ours also asks policies, caps, marks,
templates and numbers for each, and writes texts as Python formats them.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from app.clock import SHANGHAI
from app.db import db
from app.reminders.models import MessageTemplate
from app.reminders.plan import HORIZON, plan
from app.reminders.rules import DEFAULT_LEADS
from app.reminders.wording import DEFAULT
from benchmarks import portfolio
from benchmarks.databases import Databases, opened
from benchmarks.measure import Result, compare

AIM = 3.0
TODAY = date(2023, 12, 5)
NINE = datetime(2023, 12, 5, 9, 30, tzinfo=SHANGHAI)
YEARS_OF_DAYS = 1095  # over which due dates are spread, as loans of three years are
SIGNATURE, PHONE = "【罗平农商行】", "0874-8220001"
_SPREAD = {
    "sqlite": "UPDATE loan SET due_on = date('{today}', printf('%+d days', id * 7919 % {days} - 30))",
    "postgresql": "UPDATE loan SET due_on = date '{today}' + (id * 7919 % {days} - 30)::int",
}
_DAY = {"sqlite": "date(due_on, '-{lead} days')", "postgresql": "due_on - {lead}"}
_LATEST = {"sqlite": "max({day}, '{today}')", "postgresql": "greatest({day}, date '{today}')"}
_DUE = {
    "sqlite": "strftime('%Y年', due_on) || CAST(strftime('%m', due_on) AS int) || '月'"
    " || CAST(strftime('%d', due_on) AS int) || '日'",
    "postgresql": 'to_char(due_on, \'YYYY"年"FMMM"月"FMDD"日"\')',
}
_AMOUNT = {
    "sqlite": "printf('%.2f', balance / 1000000.0)",
    "postgresql": "to_char(balance / 1000000.0, 'FM999990.00')",
}
_MESSAGES = """
INSERT INTO outbox_message (key, borrower_id, template_id, lender_id, region_code, channel, day, phone, text, parts,
  state, why, not_before, expires_at, next_at, changed_at, fence, attempts, looks, cost)
SELECT 'reminder:' || borrower_id || ':' || {day} || ':sms', borrower_id, 1, lender_id, village_code, 'sms', {day},
  phone, '{signature}' || substr(name, 1, 1) || '*,您的小额信贷' || {amount} || '万元' || {due}
  || '到期,请存足本息,咨询{phone}。', 1, 'pending', '', '{at}', '{at}', '{at}', '{at}', 0, 0, 0, 0
FROM loan JOIN borrower ON borrower.id = loan.borrower_id
WHERE effective_due_on > '{first}' AND effective_due_on <= '{last}' AND balance > 0 AND missing_since IS NULL
  AND NOT EXISTS (SELECT 1 FROM reminder r WHERE r.loan_id = loan.id AND r.due_on = effective_due_on
                  AND r.lead = {lead} AND r.channel = 'sms')
ORDER BY loan.id ON CONFLICT DO NOTHING
"""
_REMINDERS = """
INSERT INTO reminder (loan_id, due_on, lead, channel, amount, message_id)
SELECT loan.id, effective_due_on, {lead}, 'sms', balance, m.id
FROM loan JOIN outbox_message m ON m.borrower_id = loan.borrower_id AND m.day = {day} AND m.channel = 'sms'
WHERE effective_due_on > '{first}' AND effective_due_on <= '{last}' AND balance > 0 AND missing_since IS NULL
ORDER BY loan.id ON CONFLICT DO NOTHING
"""


def measure(made: Databases, loans: int, runs: int) -> Iterator[Result]:
    settings = made.copy()
    with opened(settings):
        portfolio.fill(loans)
        yield from measure_open_app(loans, runs)
    made.drop(settings)


def measure_open_app(loans: int, runs: int) -> Iterator[Result]:
    """On the open app's database, whose due dates are spread over three years first."""
    prepare()
    floor, ours = compare(_bare, _plan, runs, after_each=_put_back)
    found = _plan()()
    what = f"{loans:,} loans, {found[0][1]:,} messages planned; floor: two INSERT … SELECT a lead time"
    yield Result("planning", what, ours, "s", floor, AIM)
    _again, again = compare(lambda: None, _plan_again, runs)
    yield Result("planning", f"{loans:,} loans, all planned already", again, "s")
    _put_back()


def _plan_again() -> None:
    plan(db.session(), NINE)
    db.session.rollback()


def prepare() -> None:
    """Due dates over three years, and an approved text."""
    kind = db.engine.dialect.name
    db.session.execute(text(_SPREAD[kind].format(today=TODAY, days=YEARS_OF_DAYS)))
    db.session.execute(text("UPDATE loan SET effective_due_on = due_on"))
    words = {"body": DEFAULT, "signature": SIGNATURE, "phone": PHONE}
    approved = datetime(2023, 1, 1, tzinfo=UTC)
    db.session.add(MessageTemplate(name="reminder", version=1, approved_at=approved, **words))
    db.session.commit()
    portfolio.tidy()


Answer = list[tuple[object, ...]]


def _answer() -> Answer:
    """How many messages and reminders, of which days, with how long texts."""
    messages = text("SELECT day, count(*), sum(length(text)) FROM outbox_message GROUP BY day ORDER BY day")
    reminders = text("SELECT lead, count(*), sum(amount) FROM reminder GROUP BY lead ORDER BY lead")
    found = [tuple(row) for query in (messages, reminders) for row in db.session.execute(query)]
    total = db.session.execute(text("SELECT 'all', count(*) FROM outbox_message")).one()
    db.session.rollback()
    return [tuple(total), *((str(first), *map(int, rest)) for first, *rest in found)]


def _bare() -> Callable[[], Answer]:
    kind = db.engine.dialect.name
    for lead in sorted(DEFAULT_LEADS, reverse=True):
        later = max((other for other in DEFAULT_LEADS if other < lead), default=-1)
        day = _LATEST[kind].format(day=_DAY[kind].format(lead=lead), today=TODAY)
        parts = {
            "day": day, "lead": lead, "amount": _AMOUNT[kind], "due": _DUE[kind], "signature": SIGNATURE,
            "phone": PHONE, "at": datetime(2023, 12, 5, tzinfo=UTC).strftime("%Y-%m-%d %H:%M:%S.000000"),
            "first": TODAY + timedelta(days=later), "last": TODAY + timedelta(days=HORIZON + lead),
        }  # fmt: skip
        db.session.connection().exec_driver_sql(_MESSAGES.format(**parts))
        db.session.connection().exec_driver_sql(_REMINDERS.format(**parts))
    db.session.commit()
    return _answer


def _plan() -> Callable[[], Answer]:
    plan(db.session(), NINE)
    db.session.commit()
    return _answer


def _put_back() -> None:
    for table in ("reminder", "outbox_message"):
        db.session.execute(text(f"DELETE FROM {table}"))
    db.session.commit()
    portfolio.tidy()
