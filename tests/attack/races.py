"""The same thing fifty times at once: it happens once."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask
from sqlalchemy import func, select

from app.cases.models import Case
from app.contacts.models import Contact
from app.db import db
from app.editions.models import Edition
from app.promises.models import Promise
from tests.attack.victim import Log, Victim, Visitor, read

TIMES = 50


def together(visitors: list[Visitor], act: Callable[[Visitor], object]) -> None:
    """Everybody does it, all starting at the same moment."""
    gate = Barrier(len(visitors))

    def one(visitor: Visitor) -> None:
        gate.wait()
        act(visitor)

    with ThreadPoolExecutor(len(visitors)) as pool:
        for done in [pool.submit(one, visitor) for visitor in visitors]:
            done.result()


def count(app: Flask, query: object) -> int:
    with app.app_context():
        found = db.session.scalar(query) or 0  # type: ignore[call-overload]
        db.session.remove()
        return int(found)


def _alike(victim: Victim, log: Log, name: str) -> list[Visitor]:
    """Fifty browsers of one person who has signed in once."""
    first = Visitor(victim.address, log).sign_in(name)
    made = []
    for _ in range(TIMES):
        other = Visitor(victim.address, log)
        other.name, other.cookies, other.token = name, dict(first.cookies), first.token
        made.append(other)
    return made


def _case(app: Flask) -> int:
    with app.app_context():
        free = select(Case.id).where(
            Case.township_code == "530324106", Case.closed_on.is_(None), Case.id.not_in(select(Promise.case_id)),
            Case.overdue >= 1_000_000,
        )  # fmt: skip
        found = db.session.scalars(free.order_by(Case.id)).first()
        db.session.remove()
        return int(found or 0)


def races(victim: Victim, log: Log, app: Flask) -> None:
    """The same note, the same promise, the same draft of a bulletin, the same close of a month."""
    number = _case(app)
    crowd = _alike(victim, log, "agang")
    page = crowd[0].ask("GET", f"/cases/{number}", kind="race").text
    for one in crowd:
        one.token = crowd[0].token
    forms = read(page).forms
    for action, table, what in (
        (f"/cases/{number}/contacts", Contact, "note"), (f"/cases/{number}/promises", Promise, "promise"),
    ):  # fmt: skip
        form = next((form for form in forms if form.action.rstrip("/") == action), None)
        if form is None:
            log.find(f"race: the case's page has no form for {action}")
            continue
        fields = dict(form.fields) | {"text": "同时", "channel": "visit", "disposition": "refuses"}
        fields |= {"amount": "100.00", "due_on": "2023-12-20", "on": "2023-12-20"}
        before = count(app, select(func.count()).where(table.case_id == number))
        together(
            crowd, lambda one, action=action, fields=fields: one.send(action, list(fields.items()), "race")
        )
        more = count(app, select(func.count()).where(table.case_id == number)) - before
        if more > 1:
            log.find(f"race: the same {what} sent {TIMES} times at once counts {more} times")
    office = _alike(victim, log, "office")
    office[0].ask("GET", "/editions/?region=530324", kind="race")
    for one in office:
        one.token = office[0].token
    page = office[0].ask("GET", "/editions/", kind="race").text
    form = next(
        (f for f in read(page).forms if re.search("edition", f.action or "") and f.method == "post"), None
    )
    if form is not None:
        together(office, lambda one: one.send(form.action, list(form.fields), "race"))
        alive = count(app, select(func.count()).where(Edition.region_code == "530324"))
        months = count(
            app, select(func.count(Edition.month.distinct())).where(Edition.region_code == "530324")
        )
        if alive > months:
            log.find(f"race: {alive} bulletins of {months} months")
    together(office, lambda one: one.send("/months/2023-09?region=530324", [("close", "1")], "race"))
