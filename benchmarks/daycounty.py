"""Counties at work, for measuring a collector's day: places, people, open cases, and five weeks of contacts on them.

A county is what it is in life: 13 townships with a collector each, seven branches with a collector each. A larger
portfolio is of more counties, not of more work for each: of every township come about 123 cases, and twice as many
of every branch. ``one_county`` is the hard case instead: all loans in a single county.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry, AuditHead, digest_of
from app.contacts.rules import IMPLIED, Disposition
from app.db import db
from app.fairness.words import Channel
from app.forces.rules import Line
from app.places.models import Branch, Lender, Region
from app.places.rules import Level
from benchmarks import invented, portfolio
from benchmarks.databases import village_code

TODAY = date(2023, 12, 5)
TOWNSHIPS, BRANCHES = 13, 7  # of a county
CASES = 123  # of a township
CONTACTS = 4  # on each case, two of each line
PROMISED = 8  # one case of so many has an open promise
_RESULTS = (Disposition.NO_ANSWER, Disposition.REFUSES, Disposition.NO_ANSWER, Disposition.PROMISE)
_PREFECTURE = "5303"


@dataclass(frozen=True, slots=True)
class County:
    """How large a portfolio is, and over how many townships it is spread."""

    loans: int
    per_mille: int
    townships: int

    @classmethod
    def spread(cls, loans: int, per_mille: int) -> "County":
        """As many townships as make ``CASES`` cases of each."""
        return cls(loans, per_mille, max(2, round(loans * per_mille / 1000 / CASES)))

    @classmethod
    def one_county(cls, loans: int, per_mille: int) -> "County":
        return cls(loans, per_mille, TOWNSHIPS)

    def placed(self, line: invented.Line) -> invented.Line:
        """A loan in its township, at the branch that serves it; neighbours stay together."""
        township = (line.number // 10 * 2654435761 & 0xFFFFFFFF) // 65536 % self.townships
        return line._replace(township=township, branch=branch_of(township))


def branch_of(township: int) -> int:
    """The position of the branch that serves a township: one for two of them, and none over a county's border."""
    return township // TOWNSHIPS * BRANCHES + township % TOWNSHIPS // 2


def fill(county: County) -> None:
    """Places, people, loans, cases and what was done on them, committed."""
    codes = _places(county.townships)
    db.session.commit()
    portfolio.fill(county.loans, county.per_mille, with_cases=True, placed=county.placed, townships=codes)
    _work()
    db.session.commit()
    portfolio.tidy()


def _places(townships: int) -> list[str]:
    """The county that every benchmark has, then invented ones; a collector for each township and branch."""
    session = db.session()
    codes = [code for code, _ in invented.townships][:TOWNSHIPS]
    for number in range(1, -(-townships // TOWNSHIPS)):
        county = f"{_PREFECTURE}{60 + number}"
        more = [f"{county}{100 + each}" for each in range(TOWNSHIPS)]
        codes += more
        session.add(_region(county, _PREFECTURE, Level.COUNTY, f"第{number}县"))
        session.flush()
        session.add_all(_region(code, county, Level.TOWNSHIP, f"{code[-3:]}镇") for code in more)
        session.flush()
        session.add_all(
            _region(village_code(code, each), code, Level.VILLAGE, invented.village_name(each))
            for code in more
            for each in range(invented.VILLAGES)
        )
        session.add_all(_account(code, Role.TOWNSHIP, region=code) for code in more)
        session.add(_account(county, Role.OFFICE, region=county))
    _branches(branch_of(townships - 1) + 1)
    return codes[:townships]


def _region(code: str, parent: str, level: Level, name: str) -> Region:
    return Region(code=code, parent_code=parent, level=level, name=name, short=name)


def _account(name: str, role: Role, region: str | None = None, branch: int | None = None) -> User:
    made = datetime(2023, 1, 1, tzinfo=UTC)
    return User(
        username=name,
        name=name,
        role=role,
        region_code=region,
        branch_id=branch,
        password_hash="",
        created_at=made,
        printed_since=made,  # as the demonstration's: on this machine they go without a second factor
    )


def _branches(wanted: int) -> None:
    session = db.session()
    lender, there = session.scalars(select(Lender.id)).one(), len(invented.branches)
    made = [Branch(lender_id=lender, name=f"第{number + 1}支行") for number in range(there, wanted)]
    session.add_all(made)
    session.flush()
    session.add_all(_account(one.name, Role.BRANCH, branch=one.id) for one in made)


def _work() -> None:
    """What both lines did: contacts, what the cases know of them, open promises, and the trail of it all."""
    session = db.session()
    cases = session.execute(text(_CASES)).all()
    cursor: Any = session.connection().connection.cursor()
    as_text = db.engine.dialect.name == "sqlite"
    portfolio.bulk_insert(cursor, "contact", _CONTACT.split(), _contacts(cases, as_text))
    portfolio.bulk_insert(
        cursor, "audit_entry", _AUDIT.split(), iter(list(_trail(len(cases) * CONTACTS, as_text)))
    )
    promises = list(_promises(cases, as_text))
    portfolio.bulk_insert(cursor, "promise", _PROMISE.split(), iter(promises))
    portfolio.bulk_insert(cursor, "instalment", _INSTALMENT.split(), _instalments(promises))
    for line in Line:
        session.execute(text(_LAST.format(line=line.value)))
    session.execute(text(_NEXT))
    if not as_text:
        for table in ("contact", "audit_entry", "promise", "instalment"):
            session.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
            )


_CASES = """
SELECT id, borrower_id, loan_id, township_user_id, branch_user_id, overdue FROM collection_case ORDER BY id
"""
_CONTACT = """
    id case_id borrower_id author_id line "on" at recorded_at channel reached disposition text next_action_on
    third_party_reason breaches
"""
_AUDIT = "id at actor action entity entity_id detail previous digest region_code number"
_PROMISE = (
    "id case_id loan_id taken_by_id line taken_on amount paid state tolerance last_due_on cancel_reason"
)
_INSTALMENT = "id promise_id due_on until before amount paid state"
_LAST = """
UPDATE collection_case SET
    {line}_contact_on = (SELECT max("on") FROM contact WHERE case_id = collection_case.id AND line = '{line}'),
    {line}_action_on = (SELECT next_action_on FROM contact WHERE case_id = collection_case.id AND line = '{line}'
                        ORDER BY id DESC LIMIT 1)
"""
_NEXT = """
UPDATE collection_case SET
    state = CASE WHEN id IN (SELECT case_id FROM promise) THEN 'promised' ELSE 'working' END,
    promise_due_on = (SELECT last_due_on FROM promise WHERE case_id = collection_case.id)
"""


def _day(number: int, as_text: bool) -> Any:
    day = TODAY - timedelta(days=number)
    return day.isoformat() if as_text else day


def _moment(number: int, as_text: bool) -> Any:
    moment = datetime(2023, 12, 5, 2, 0, tzinfo=UTC) - timedelta(days=number)
    return moment.strftime("%Y-%m-%d %H:%M:%S.000000") if as_text else moment


def _contacts(cases: Any, as_text: bool) -> Iterator[tuple[Any, ...]]:
    number = 0
    for case_id, borrower_id, _loan, township, branch, _overdue in cases:
        mixed = case_id * 2654435761 & 0xFFFFFFFF
        for which in range(CONTACTS):
            number += 1
            line, author = (Line.TOWNSHIP, township) if which % 2 == 0 else (Line.BRANCH, branch)
            ago = 1 + mixed // (7 + which) % 8 + (CONTACTS - 1 - which) // 2 * 15 + mixed % 11
            result = _RESULTS[mixed // (3 + which) % 4]
            after = IMPLIED[result].next_days or 1
            yield (
                number,
                case_id,
                borrower_id,
                author,
                line.value,
                _day(ago, as_text),
                _moment(ago, as_text),
                _moment(ago, as_text),
                Channel.CALL.value,
                IMPLIED[result].reached.value,
                result.value,
                "还在外面打工，说年底回来",
                _day(ago - after - mixed // 5 % 9, as_text),
                "",
                "[]",
            )


def _promises(cases: Any, as_text: bool) -> Iterator[tuple[Any, ...]]:
    number = 0
    for case_id, _borrower, loan_id, township, _branch, overdue in cases:
        if case_id % PROMISED == 3:
            number += 1
            due = _day(-(case_id * 7919 % 28), as_text)
            taken = _day(5, as_text)
            yield number, case_id, loan_id, township, "township", taken, overdue // 4, 0, "open", 0, due, ""


def _instalments(promises: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for number, _case, _loan, _by, _line, _taken, amount, *_, due, _ in promises:
        yield number, number, due, due, 0, amount, 0, "open"


def _trail(count: int, as_text: bool) -> Iterator[tuple[Any, ...]]:
    """As many entries as there are contacts, chained to those that are there; the head follows at the end."""
    session = db.session()
    head = session.scalars(select(AuditHead).order_by(AuditHead.number.desc()).limit(1)).one()
    first, region, last = session.scalar(select(func.max(AuditEntry.id))) or 0, head.region_code, head.number
    previous, moment = head.digest, datetime(2023, 12, 4, tzinfo=UTC)
    for number in range(1, count + 1):
        content: tuple[Any, ...] = (moment, "benchmark", "contacts.add", "case", str(number), {})
        digest = digest_of(previous, *content)
        at = _moment(1, as_text)
        yield first + number, at, *content[1:5], "{}", previous, digest, region, last + number
        previous = digest
    head.number, head.digest = last + count, previous
