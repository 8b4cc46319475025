"""A collector's day at three sizes of portfolio, with eight people at work at once; and what leaders open.

The same work is done in turn on a server for each size, a few rounds at a time, so that a disturbance of the machine
meets all of them. What is compared is the large with the small; ``daycounty`` says what a larger portfolio is.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Flask
from sqlalchemy import select, text

from app.accounts.models import User
from app.accounts.rules import Role
from app.cases.models import Case
from app.clock import SHANGHAI
from app.config import Settings
from app.db import db
from app.desk.queries import COLUMNS
from app.forces.rules import ROLE_OF, Line
from benchmarks import daycounty, dayqueue
from benchmarks.databases import Databases, opened
from benchmarks.daycounty import County
from benchmarks.dayserver import CASE, LEADER, NOTE, QUEUE, Person, first_case, note, people, served, together
from benchmarks.measure import Result, percentile
from benchmarks.pages import counted

AIM = 2.0
MEASURES_SECONDS = 3.0
PEOPLE = 8  # half of them of each line
SMALL_PER_MILLE = 984  # of the smallest portfolio, so that it, too, has eight townships with their cases
PER_MILLE = 40
_MEASURES = "measures"
_AT = datetime.combine(daycounty.TODAY, datetime.min.time(), SHANGHAI).replace(hour=10)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Loans of the portfolios, the smallest first, and how often the work is done on each."""

    loans: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    turns: int = 5
    rounds: int = 5

    def counties(self) -> dict[str, County]:
        """The portfolios by name; the last is the largest once more, in a single county."""
        shares = (SMALL_PER_MILLE, *(PER_MILLE for _ in self.loans[1:]))
        found = {f"{n:,} loans": County.spread(n, share) for n, share in zip(self.loans, shares, strict=True)}
        return found | {
            f"{self.loans[-1]:,} loans in one county": County.one_county(self.loans[-1], shares[-1])
        }


@dataclass
class Place:
    """A portfolio with its server and the people at it."""

    name: str
    app: Flask
    crowd: list[Person]
    office: Person

    def p(self, what: str, percent: int) -> float:
        """Milliseconds that ``what`` took."""
        crowd = [self.office] if what in (LEADER, _MEASURES) else self.crowd
        return percentile([each for one in crowd for each in one.spent[what]], percent)

    def forget(self) -> None:
        for one in (*self.crowd, self.office):
            one.spent.clear()


def measure(made: Databases, sizes: Sizes, runs: int) -> Iterator[Result]:
    """The day on each portfolio, then the queues of the whole single county against one bare statement."""
    settings = {}
    for name, county in sizes.counties().items():
        settings[name] = made.copy()
        with opened(settings[name]):
            daycounty.fill(county)
    with ExitStack() as all_of:
        places = [all_of.enter_context(_place(name, made, each)) for name, each in settings.items()]
        statements = {place.name: _statements(place) for place in places}
        _day(places, sizes)
        yield from _results(places, statements)
    with opened(replace(settings[places[-1].name], now=_AT)):
        yield from dayqueue.measure(places[-1].name, runs)


@contextmanager
def _place(name: str, made: Databases, settings: Settings) -> Iterator[Place]:
    environ = {"QINGSHOU_TODAY": daycounty.TODAY.isoformat(), "QINGSHOU_NOW": _AT.isoformat()}
    environ |= {"DATABASE_URL": made.url(settings.instance.name)} if made.kind == "postgresql" else {}
    with served(settings, environ) as port, opened(replace(settings, now=_AT)) as app:
        office = db.session.scalars(select(User.id).where(User.role == Role.OFFICE).order_by(User.id)).first()
        crowd, [head] = people(app, port, _collectors()), people(app, port, [office or 0])
        db.session.rollback()
        yield Place(name, app, crowd, head)


def _collectors() -> list[int]:
    """The accounts of each line, those with the most open cases first."""
    found: list[int] = []
    for line in Line:
        mine = COLUMNS[line].user
        query = (
            select(mine)
            .join(User, User.id == mine)
            .where(User.role == ROLE_OF[line], Case.closed_on.is_(None))
        )
        busiest = query.group_by(mine).order_by(text("count(*) DESC"), mine)
        found += [one for one in db.session.scalars(busiest.limit(PEOPLE // 2)) if one]
    return found


def _day(places: list[Place], sizes: Sizes) -> None:
    for turn in range(sizes.turns + 1):
        for place in places if turn % 2 else reversed(places):
            together(place.crowd, sizes.rounds)
            for _ in range(sizes.rounds):
                place.office.ask(LEADER, "/queue")
            place.office.ask(_MEASURES, "/measures/?month=2023-10")
            if not turn:
                place.forget()  # warm now


def _statements(place: Place) -> dict[str, int]:
    """How many statements each thing sends, asked in this process."""
    client, page, found = place.app.test_client(), "", {}
    for name, value in place.crowd[0].cookies.items():
        client.set_cookie(name, value)
    with place.app.app_context():
        number = first_case(client.get("/queue").text)
        for what, path in {QUEUE: "/queue", CASE: f"/cases/{number}?via=queue"}.items():
            with counted(db.engine) as count:
                page = client.get(path).text
            found[what] = count.number
        with counted(db.engine) as count:
            client.post(f"/cases/{number}/contacts", data=note(page))
        found[NOTE] = count.number
    return found


def _results(places: list[Place], statements: dict[str, dict[str, int]]) -> Iterator[Result]:
    small = places[0]
    for what in (QUEUE, CASE, NOTE, LEADER):
        for place in places[1:]:
            spread = place is not places[-1]  # the hard case, and what is between, have no aim
            against = f"{what}, {{}}, {place.name} against {small.name}"
            aim = AIM if spread and what != LEADER else None
            yield Result("day", against.format("p95"), place.p(what, 95), "ms", small.p(what, 95), aim)
            yield Result("day", against.format("p50"), place.p(what, 50), "ms", small.p(what, 50))
        if what in statements[small.name]:
            most = max(found[what] for found in statements.values())
            yield Result("day", f"{what}, SQL statements", most, "", statements[small.name][what], 1.0)
    for place in places:
        yield Result(
            "day", f"{_MEASURES}, {place.name}", place.p(_MEASURES, 50) / 1000, "s", None, MEASURES_SECONDS
        )
