"""Two who take a promise on one case at the same moment: one promise stays open, on each database."""

from datetime import date
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.models import Case, CaseEvent
from app.cases.states import Event, State
from app.contacts.actions import Entry
from app.contacts.models import Contact
from app.db import db
from app.promises.actions import Terms, take_promise
from app.promises.models import Promise
from app.promises.rules import Part, PromiseState
from tests.contacts.conftest import Clock
from tests.loans.portfolio import WAN

DAY, DUE = date(2023, 11, 8), date(2023, 11, 20)
SECONDS = 30  # after which a thread that waits for another gives up


def at_once(app: Flask, number: int, takers: list[int], keys: list[str | None]) -> list[str]:
    """Each of the takers promises an amount of their own on the case; what came of each, sorted."""
    start, answers = Barrier(len(takers)), []

    def act(taker: int, amount: int, key: str | None) -> None:
        with app.app_context(), Session(db.engine) as session:
            start.wait(SECONDS)
            terms = Terms(amount, [Part(DUE, amount)], key)
            try:
                take_promise(
                    session,
                    session.get_one(Case, number),
                    session.get_one(User, taker),
                    terms,
                    Entry(""),
                    DAY,
                )
                session.commit()
                answers.append("taken")
            except (IntegrityError, BrokenBarrierError) as failed:
                session.rollback()
                answers.append(type(failed).__name__)

    same = len(set(keys) - {None}) == 1
    threads = [
        Thread(target=act, args=(taker, WAN if same else WAN * place, key))
        for place, (taker, key) in enumerate(zip(takers, keys, strict=True), 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    return sorted(answers)


@pytest.fixture
def numbers(session: Session, case: Case, author: User, banker: User, clock: Clock) -> tuple[int, list[int]]:
    """The case and its two collectors, where other threads see them."""
    found = case.id, [author.id, banker.id]
    session.commit()
    return found


def test_of_two_promises_at_once_the_second_replaces_the_first(
    app: Flask, session: Session, numbers: tuple[int, list[int]]
) -> None:
    number, takers = numbers
    assert at_once(app, number, takers, [None, None]) == ["taken", "taken"]
    kept = session.scalars(select(Promise).where(Promise.case_id == number).order_by(Promise.id)).all()
    assert [made.state for made in kept] == [PromiseState.CANCELLED, PromiseState.OPEN]
    assert {made.amount for made in kept} == {WAN, 2 * WAN}
    found = session.get_one(Case, number)
    assert (found.state, found.promise_due_on) == (State.PROMISED, DUE)
    assert len(session.scalars(select(Contact).where(Contact.case_id == number)).all()) == 2
    told = select(CaseEvent).where(CaseEvent.case_id == number, CaseEvent.kind == Event.PROMISE_TAKEN)
    assert [event.amount for event in session.scalars(told.order_by(CaseEvent.id))] == [
        made.amount for made in kept
    ]


def test_one_form_sent_twice_at_once_is_one_promise(
    app: Flask, session: Session, numbers: tuple[int, list[int]]
) -> None:
    number, takers = numbers
    assert at_once(app, number, takers[:1] * 2, ["key", "key"]) == ["taken", "taken"]
    assert [made.state for made in session.scalars(select(Promise))] == [PromiseState.OPEN]
    assert len(session.scalars(select(Contact)).all()) == 1


def test_the_database_keeps_no_second_open_promise(session: Session, numbers: tuple[int, list[int]]) -> None:
    """The control: without the cancelling of the first, the second could not be saved."""
    number, takers = numbers
    loan = session.get_one(Case, number).loan_id
    terms = {"case_id": number, "loan_id": loan, "taken_on": DAY, "amount": WAN, "last_due_on": DUE}
    session.add_all(Promise(taken_by_id=taker, **terms) for taker in takers)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
