"""Pages over a large portfolio, against the same pages over a small one."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select, text

from app.accounts import sessions
from app.accounts.access import TOKEN
from app.accounts.devices import Source
from app.accounts.models import User
from app.accounts.rules import Role
from app.db import db
from app.loans.initials import initials
from benchmarks import invented
from benchmarks.measure import Result, percentile

AIM = 2.0
WARM_UP = 3
SEARCH_MS = 200.0  # for every kind of question
LOANS_BEHIND = "loans behind a figure"  # adds all of them up, so it grows with them, and has no aim


def addresses() -> dict[str, str]:
    """By name: the page, ``{case}`` standing for a case of the database."""
    township = invented.townships[0][0]
    return {
        "home": "/",
        "case list": "/cases/",
        "case list, one township": f"/cases/?township={township}",
        "case list, 31–90 days": "/cases/?days=31-90",
        "case": "/cases/{case}",
        "bulletin": f"/bulletin/?month={invented.AS_OF:%Y-%m}&region={invented.county}",
        LOANS_BEHIND: f"/bulletin/loans?figure=overdue&month={invented.AS_OF:%Y-%m}&region={township}",
    }


def questions() -> dict[str, str]:
    """By name: what is typed into the search box by somebody who sees the whole county."""
    who = 7_919
    name = invented.name(who)
    return {
        "search, a name": name,
        "search, its beginning": name[:2],
        "search, initials": initials(name),
        "search, two letters": initials(name)[:2],
        "search, ID number": invented.id_number(who),
        "search, phone": invented.phone(who),
        "search, contract": invented.contract_no(who),
        "search, place and surname": f"{invented.townships[0][1]} {name[:1]}",
        "search, nobody": "查无此人",
    }


@dataclass
class Visitor:
    """A signed-in browser on one app, and how long each page took it (ms) and how many statements."""

    app: Flask
    client: FlaskClient
    cases: list[int]
    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    statements: dict[str, set[int]] = field(default_factory=dict)

    def visit(self, page: str, address: str, number: int, typed: str | None = None) -> None:
        """Open a page, or ask it what is typed; raises where the answer is not 200."""
        address = address.format(case=self.cases[number * 7919 % len(self.cases)])
        with self.app.app_context(), counted(db.engine) as count:
            start = time.perf_counter()
            response = (
                self.client.get(address) if typed is None else self.client.post(address, data={"q": typed})
            )
            spent = (time.perf_counter() - start) * 1000
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}")
        if number >= 0:
            self.milliseconds.setdefault(page, []).append(spent)
            self.statements.setdefault(page, set()).add(count.number)


def visitor(app: Flask, role: Role = Role.OFFICE) -> Visitor:
    """Somebody of ``role``, signed in, on an app whose database has cases."""
    client = app.test_client()
    with app.app_context():
        account = db.session.scalars(select(User).where(User.role == role).order_by(User.id).limit(1)).one()
        cases = list(db.session.scalars(text("SELECT id FROM collection_case ORDER BY id LIMIT 2000")))
        token = sessions.begin(db.session(), account, Source())
        db.session.commit()
    with client.session_transaction() as cookies:
        cookies[TOKEN] = token
    app.config["WTF_CSRF_ENABLED"] = False
    return Visitor(app, client, cases)


def measure(small: Visitor, large: Visitor, sizes: tuple[int, int], requests: int) -> Iterator[Result]:
    """Each page in turn on both, ``requests`` times."""
    pages = addresses()
    asked = questions()
    pages |= dict.fromkeys(asked, "/search/suggest")
    for page, address in pages.items():
        gc.collect()
        for number in range(-WARM_UP, requests):
            for one in (small, large) if number % 2 else (large, small):
                one.visit(page, address, number, asked.get(page))
    for page in pages:
        times = [sorted(one.milliseconds[page]) for one in (small, large)]
        p50, p95 = (tuple(percentile(values, percent) for values in times) for percent in (50, 95))
        sizes_ = f"{sizes[1]:,} loans against {sizes[0]:,}"
        if page in asked:
            yield Result("pages", f"{page}, p95, {sizes[1]:,} loans", p95[1], "ms", SEARCH_MS, 1.0)
            continue
        yield Result(
            "pages", f"{page}, p95, {sizes_}", p95[1], "ms", p95[0], None if page == LOANS_BEHIND else AIM
        )
        yield Result("pages", f"{page}, p50, {sizes_}", p50[1], "ms", p50[0])
        statements = [max(one.statements[page]) for one in (small, large)]
        yield Result("pages", f"{page}, SQL statements", statements[1], "", statements[0], 1.0)


@dataclass
class Count:
    number: int = 0


@contextmanager
def counted(engine: Engine) -> Iterator[Count]:
    """Counts the statements that are sent to the database meanwhile."""
    count = Count()

    def one_more(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        count.number += not statement.startswith("BEGIN")  # which only one of the drivers is told

    event.listen(engine, "before_cursor_execute", one_more)
    try:
        yield count
    finally:
        event.remove(engine, "before_cursor_execute", one_more)
